// What goes wrong, as errors.
import type { Fault } from "./schema.js";

type ProblemDocument = Record<string, unknown> & { type?: string; title?: string; detail?: string; errors?: Fault[] };

/**
 * The register refused the request (RFC 9457). `type` is the kind of problem and does not change; the page `/problems` explains each.
 * `faults` has the fields that were refused, and `pointers` their places. `status` tells what to do: 412 means that somebody changed the
 * object after it was read; 429 that the quota is used up for `retryAfter` seconds.
 */
export class Problem extends Error {
  readonly type: string;
  readonly faults: Fault[];
  readonly pointers: string[];

  constructor(
    readonly status: number,
    readonly document: ProblemDocument,
    readonly requestId: string | null,
    readonly retryAfter: number | null,
  ) {
    const faults = document.errors ?? [];
    const named = faults.map((fault) => `${fault.pointer ?? ""} ${fault.rule ?? ""}`.trim()).join(", ");
    const parts = [`${status} ${document.title ?? ""}`, document.detail, named, requestId && `[request ${requestId}]`];
    super(parts.filter(Boolean).join(" "));
    this.name = "Problem";
    this.type = document.type ?? "about:blank";
    this.faults = faults;
    this.pointers = faults.map((fault) => fault.pointer ?? "");
  }
}

/** 412: read the object again, compare, and send your change with what you read. */
export class Changed extends Problem {}

/** The register did not answer, and it is not known whether the request took effect. Read the object before you repeat it. */
export class NoAnswer extends Error {}

/** The message is not one of the register, or it is too old. Do not act on it, and answer with status 400. */
export class UntrustedWebhook extends Error {}

/** Returns the error for an answer that is no success. */
export async function problemIn(response: Response): Promise<Problem> {
  const document = await response.json().catch(() => ({}));
  const kind = response.status === 412 ? Changed : Problem;
  return new kind(response.status, { title: response.statusText, ...document }, response.headers.get("X-Request-Id"), retryAfter(response));
}

/** Returns the seconds that the register asks to wait. */
export function retryAfter(response: Response): number | null {
  const given = response.headers.get("Retry-After");
  return given !== null && /^\d+$/.test(given) ? Number(given) : null;
}
