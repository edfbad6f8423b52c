// A register, as one machine client uses it.
import createClient, { type Client as Operations } from "openapi-fetch";
import { Feed, type FeedOptions } from "./feed.js";
import { type GetPage, type Item, items, type ListParameters, type ListPath } from "./lists.js";
import type { ImportOut, paths } from "./schema.js";
import { type Options, sleep, Transport } from "./transport.js";

/** Lines as docs/imports.md describes them, or the content of a file, which may be compressed by gzip. */
export type Source = object[] | string | Uint8Array<ArrayBuffer>;
type SendOptions = { mapping?: object; dryRun?: boolean; idempotencyKey?: string };

export class Client {
  /** Every operation, by its address: `await data(client.api.GET("/api/v1/me"))`. Refusals are thrown as `Problem`. */
  readonly api: Operations<paths>;
  readonly #transport: Transport;

  constructor(options: Options) {
    this.#transport = new Transport(options);
    this.api = createClient<paths>({ baseUrl: this.#transport.url, fetch: (request) => this.#transport.send(request) });
  }

  /** The items of a list, over all pages. */
  items<P extends ListPath>(path: P, params: ListParameters<P>): AsyncGenerator<Item<P>> {
    return items(this.api.GET as unknown as GetPage, path, params);
  }

  /** The events from a cursor on, or from now on. */
  events(options: FeedOptions = {}): Feed {
    return new Feed(this.#transport, options);
  }

  /**
   * Sends a file and returns the import at once. Under the same key it is sent once: after an interruption send the same file with the same
   * key to get its import. `mapping` declares the columns of a CSV file.
   */
  async sendImport(source: Source, { mapping, dryRun, idempotencyKey }: SendOptions = {}): Promise<ImportOut> {
    const text = Array.isArray(source) ? source.map((line) => JSON.stringify(line) + "\n").join("") : source;
    const plain = new Blob([text]).stream();
    const packed = isGzip(source) ? plain : plain.pipeThrough(new CompressionStream("gzip"));
    const headers = {
      "Content-Type": mapping ? "text/csv" : "application/x-ndjson",
      "Content-Encoding": "gzip",
      "Idempotency-Key": idempotencyKey ?? crypto.randomUUID(),
    };
    const query = new URLSearchParams({ ...(mapping && { mapping: JSON.stringify(mapping) }), ...(dryRun && { dry_run: "true" }) });
    const body = await new Response(packed).arrayBuffer();
    const request = new Request(`${this.#transport.url}/api/v1/imports?${query}`, { method: "POST", headers, body });
    return (await this.#transport.send(request)).json();
  }

  /** Waits until an import is finished, and passes it to `progress` each time it is looked at. Throws if the register stopped it. */
  async waitForImport(id: string, progress?: (found: ImportOut) => void, every = 1): Promise<ImportOut> {
    for (;;) {
      const found = await data(this.api.GET("/api/v1/imports/{import_id}", { params: { path: { import_id: id } } }));
      progress?.(found);
      if (found.state === "stopped") throw new Error(`The import ${id} was stopped: ${found.state_reason}.`);
      if (found.state === "finished") return found;
      await sleep(every);
    }
  }
}

function isGzip(source: Source): boolean {
  return source instanceof Uint8Array && source[0] === 0x1f && source[1] === 0x8b;
}

/** The body of an answer, from a call of `client.api`. */
export async function data<A extends { data?: unknown }>(call: Promise<A>): Promise<Extract<A, { error?: never }>["data"]> {
  return (await call).data;
}

/** The header `If-Match` for a change of an object that was read. */
export function ifMatch(read: { etag: string }): { "If-Match": string } {
  return { "If-Match": `"${read.etag}"` };
}
