// The first part of the tour with openapi-fetch and the types that openapi-typescript made: token, case, identifiers, overlaps.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

declare const process: { argv: string[] };
const [baseUrl, clientId, clientSecret] = process.argv.slice(2);

async function main(): Promise<void> {
  const anybody = createClient<paths>({ baseUrl });
  const token = await anybody.POST("/oauth/token", {
    body: { grant_type: "client_credentials", client_id: clientId, client_secret: clientSecret },
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
  });
  const me = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token.data!.access_token}` } });
  const country: components["schemas"]["Country"] = "NL";
  const opened = await me.POST("/api/v1/cases", { body: { reference: crypto.randomUUID(), title: "Generated", countries: [country] } });
  const path = { case_id: opened.data!.id };
  const identifiers: components["schemas"]["IdentifierIn"][] = [{ kind: "email", value: "night.heron@example.org" }];
  await me.POST("/api/v1/cases/{case_id}/identifiers", { params: { path }, body: { identifiers } });
  const page = await me.GET("/api/v1/cases/{case_id}/overlaps", { params: { path } });
  const [first] = page.data!.items;
  const overlap = await me.GET("/api/v1/overlaps/{overlap_id}", { params: { path: { overlap_id: first.id } } });
  console.log(`TypeScript: an overlap with ${overlap.data!.counterpart.authority.name}, ${overlap.data!.state}`);
}

await main();
