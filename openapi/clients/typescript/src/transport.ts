// Sends requests: with a token, with an Idempotency-Key, and again after a fault that passes.
import { NoAnswer, problemIn, retryAfter } from "./problems.js";
import { type Credentials, Tokens } from "./tokens.js";

const BUSY = new Set([408, 429, 502, 503, 504]);
const FIRST_PAUSE = 0.5;

/**
 * How a register is reached. A request is sent up to `attempts` times (6) if it can be repeated safely, with pauses of up to
 * `longestPause` seconds (60); if the register asks for a longer pause, the problem is thrown at once. `fetch` replaces the one of the
 * runtime, for a proxy or other certificates.
 */
export type Options = Credentials & {
  url: string;
  role?: string;
  purpose?: string;
  attempts?: number;
  longestPause?: number;
  fetch?: (request: Request) => Promise<Response>;
};

export class Transport {
  readonly url: string;
  readonly #tokens: Tokens;

  constructor(private readonly options: Options) {
    this.url = options.url.replace(/\/+$/, "");
    this.#tokens = new Tokens(`${this.url}/oauth/token`, options, (ask) => this.#repeated(ask, true));
  }

  /**
   * Sends a request and returns the answer. Throws `Problem` if the register refuses it, and `NoAnswer`. It is repeated if it reads only,
   * or has a key; the key stays the same. A token that is refused is renewed once.
   */
  async send(request: Request): Promise<Response> {
    const headers = new Headers(request.headers);
    if (request.method === "POST" && !headers.has("Idempotency-Key")) headers.set("Idempotency-Key", crypto.randomUUID());
    if (this.options.role) headers.set("Coopapi-Role", this.options.role);
    if (this.options.purpose) headers.set("Coopapi-Purpose", this.options.purpose);
    const repeatable = request.method === "GET" || headers.has("Idempotency-Key");
    let token = await this.#tokens.current();
    const authorized = async () => {
      headers.set("Authorization", `Bearer ${token}`);
      return new Request(request.clone(), { headers });
    };
    let response = await this.#repeated(authorized, repeatable);
    if (response.status === 401) {
      token = await this.#tokens.current(token);
      response = await this.#repeated(authorized, repeatable);
    }
    if (!response.ok && response.status !== 304) throw await problemIn(response);
    return response;
  }

  /** Sends a request until it is answered by something else than a fault that passes, or the attempts are used up. */
  async #repeated(make: () => Promise<Request>, repeatable: boolean): Promise<Response> {
    const { attempts = 6, longestPause = 60, fetch = globalThis.fetch } = this.options;
    for (let attempt = 1; ; attempt++) {
      const request = await make();
      let asked: number | null = null;
      try {
        const response = await fetch(request);
        asked = retryAfter(response);
        const mayRepeat = repeatable || response.status === 429;
        if (!BUSY.has(response.status) || attempt === attempts || !mayRepeat || (asked ?? 0) > longestPause) return response;
        await response.body?.cancel();
      } catch (fault) {
        if (attempt === attempts || !repeatable) throw new NoAnswer(`${request.method} ${request.url} was not answered.`, { cause: fault });
      }
      await sleep(pause(attempt, asked, longestPause));
    }
  }
}

/** The seconds to wait: what the register asks for, or twice as long each time; with chance, so that not all come at once. */
function pause(attempt: number, asked: number | null, longest: number): number {
  if (asked !== null) return asked * (1 + 0.1 * Math.random());
  return (0.5 + Math.random() / 2) * Math.min(FIRST_PAUSE * 2 ** (attempt - 1), longest);
}

export function sleep(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
