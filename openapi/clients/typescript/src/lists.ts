// Lists that come in pages, with the types of the API document.
import type { paths } from "./schema.js";

type Page = { items: unknown[]; next: string | null };
type Listing = { parameters: { query?: unknown }; responses: { 200: { content: { "application/json": Page } } } };

/** The addresses that list something. */
export type ListPath = { [P in keyof paths]: paths[P] extends { get: Listing } ? P : never }[keyof paths];
type Read<P extends ListPath> = paths[P] extends { get: infer G extends Listing } ? G : never;

/** What a list holds. */
export type Item<P extends ListPath> = Read<P>["responses"][200]["content"]["application/json"]["items"][number];

/** The filters of a list, and what stands in its path. */
export type ListParameters<P extends ListPath> = Omit<Read<P>["parameters"], "header" | "cookie">;

export type GetPage = (path: string, options: { params: unknown }) => Promise<{ data?: Page }>;

/** The items of a list. A page is asked for when its first item is needed. */
export async function* items<P extends ListPath>(get: GetPage, path: P, params: ListParameters<P>): AsyncGenerator<Item<P>> {
  let cursor: string | null = null;
  do {
    const query: Record<string, unknown> = { ...(params.query as object), ...(cursor ? { cursor } : {}) };
    const page: Page = (await get(path, { params: { ...params, query } })).data!;
    yield* page.items as Item<P>[];
    cursor = page.next;
  } while (cursor !== null);
}
