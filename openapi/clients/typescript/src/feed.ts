// The feed of events.
import { retryAfter } from "./problems.js";
import type { EventOut, EventPage } from "./schema.js";
import { sleep, type Transport } from "./transport.js";

/** The filters of the feed; a cursor belongs to its filters. */
export type FeedOptions = { cursor?: string; wait?: number; action?: string; case_id?: string; kind?: string };

/**
 * The events from a place on, as they come. Iterating never ends, unless `wait` is 0: then it ends when there are no more. Store `cursor`
 * when you have handled an event, and begin there the next time: nothing is missed, and after an interruption the last events may come
 * again, under the same `id`. Call `start` before you send anything whose events you want, if you have no cursor.
 */
export class Feed implements AsyncIterable<EventOut> {
  cursor: string | null;

  constructor(
    private readonly transport: Transport,
    private readonly options: FeedOptions,
  ) {
    this.cursor = options.cursor ?? null;
  }

  /** Begins with what happens from now on, if there is no cursor. */
  async start(): Promise<this> {
    this.cursor ??= (await this.#page({ from: "now" })).page.next;
    return this;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<EventOut> {
    await this.start();
    const wait = this.options.wait ?? 30;
    for (;;) {
      const { page, pause } = await this.#page({ cursor: this.cursor!, ...(wait ? { wait: String(wait) } : {}) });
      const last = page.items.pop();
      yield* page.items;
      this.cursor = page.next ?? this.cursor; // the place after the last event, for who stores it when that is handled
      if (last) yield last;
      else if (wait) await sleep(pause);
      if (page.complete && !wait) return;
    }
  }

  async #page(query: Record<string, string>): Promise<{ page: EventPage; pause: number }> {
    const { cursor: _cursor, wait: _wait, ...filters } = this.options;
    const asked = new URLSearchParams({ ...query, ...filters });
    const response = await this.transport.send(new Request(`${this.transport.url}/api/v1/events?${asked}`));
    return { page: await response.json(), pause: retryAfter(response) ?? 0 };
  }
}
