// Access tokens: asked for when they are needed, and renewed before they expire.
import { Problem, problemIn } from "./problems.js";

const EARLY = 0.8;
const TOLERATED = 10;
const LIFETIME = 60;

/** A secret; or a private key (a JWK with its `kid`) that signs assertions (`private_key_jwt`, RFC 7523). */
export type Credentials = { clientId: string } & (
  | { clientSecret: string }
  | { privateKey: JsonWebKey & { kid: string }; audience?: string }
);

/** The token of a client. `send` sends the request that it is given; it asks for another one for each attempt, as an assertion is good for one. */
export class Tokens {
  #token = "";
  #until = 0;
  #asked: Promise<string> | null = null;

  constructor(
    private readonly endpoint: string,
    private readonly credentials: Credentials,
    private readonly send: (ask: () => Promise<Request>) => Promise<Response>,
  ) {}

  /** Returns a valid token, another one than `refused`. Calls at the same time share one request. */
  async current(refused = ""): Promise<string> {
    if (performance.now() < this.#until && this.#token !== refused) return this.#token;
    this.#asked ??= this.#renew().finally(() => (this.#asked = null));
    return this.#asked;
  }

  async #renew(): Promise<string> {
    const asked = performance.now();
    const response = await this.send(async () => {
      const body = new URLSearchParams({ grant_type: "client_credentials", ...(await this.#proof()) });
      return new Request(this.endpoint, { method: "POST", body });
    });
    if (!response.ok) throw withClock(await problemIn(response), response);
    const given = await response.json();
    this.#until = asked + given.expires_in * 1000 * EARLY;
    return (this.#token = given.access_token);
  }

  async #proof(): Promise<Record<string, string>> {
    const { clientId } = this.credentials;
    if ("clientSecret" in this.credentials) return { client_id: clientId, client_secret: this.credentials.clientSecret };
    const { privateKey, audience } = this.credentials;
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: clientId, sub: clientId, aud: audience ?? this.endpoint, iat: now, exp: now + LIFETIME, jti: crypto.randomUUID() };
    const content = [{ alg: "ES256", kid: privateKey.kid }, claims].map((part) => base64url(encoded(JSON.stringify(part)))).join(".");
    const curve = { name: "ECDSA", namedCurve: "P-256" };
    const key = await crypto.subtle.importKey("jwk", privateKey, curve, false, ["sign"]);
    const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key, encoded(content));
    const type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    return { client_assertion_type: type, client_assertion: `${content}.${base64url(new Uint8Array(signature))}` };
  }
}

/** Adds what the header `Date` tells about the clock of this computer. */
function withClock(problem: Problem, response: Response): Problem {
  const behind = (Date.parse(response.headers.get("Date") ?? "") - Date.now()) / 1000;
  if (problem.status !== 401 || !(Math.abs(behind) > TOLERATED)) return problem;
  const difference = `${Math.abs(behind).toFixed()} seconds ${behind > 0 ? "behind" : "ahead of"} that of the register`;
  const detail = `${problem.document.detail ?? ""} The clock of this computer is ${difference}. Set it (NTP).`.trim();
  return new Problem(problem.status, { ...problem.document, detail }, problem.requestId, problem.retryAfter);
}

function encoded(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
}
