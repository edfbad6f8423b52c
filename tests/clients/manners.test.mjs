// The manners of the TypeScript package, through the proxy of tests/faults.py. Run by tests/clients/test_typescript.py.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { Changed, Client, data, ifMatch, NoAnswer, Problem, UntrustedWebhook, verifyWebhook } from "coopapi-client";

const { url, credentials, keyed, webhook } = JSON.parse(readFileSync("live.json", "utf8"));
const secret = { clientId: credentials.client_id, clientSecret: credentials.client_secret };
const register = new Client({ url, ...secret });
const CASES = "/api/v1/cases";

/** Plans what becomes of the next requests; returns what the proxy saw before. */
async function plan(plan = [], retry_after) {
  return (await fetch(`${url}/plan`, { method: "POST", body: JSON.stringify({ plan, retry_after }) })).json();
}

const open = (more = {}) => data(register.api.POST(CASES, { body: { reference: crypto.randomUUID(), title: "A case", ...more } }));
const change = (read, title) =>
  register.api.PATCH("/api/v1/cases/{case_id}", { params: { path: { case_id: read.id }, header: ifMatch(read) }, body: { title } });
const collect = async (found) => {
  const all = [];
  for await (const one of found) all.push(one);
  return all;
};
const refused = (status, more = () => true) => (fault) => fault instanceof Problem && fault.status === status && Boolean(more(fault));

test("a token that is refused is renewed once", async () => {
  await data(register.api.GET("/api/v1/me"));
  await plan(["refuse"]);
  assert.equal((await data(register.api.GET("/api/v1/me"))).role, "system");
  assert.deepEqual((await plan(["refuse", null, "refuse"])).map((one) => one.path), ["/api/v1/me", "/oauth/token", "/api/v1/me"]);
  await assert.rejects(register.api.GET("/api/v1/me"), refused(401));
});

test("calls at the same time share one token", async () => {
  await plan();
  const another = new Client({ url, ...secret });
  await Promise.all([1, 2, 3].map(() => another.api.GET("/api/v1/me")));
  assert.equal((await plan()).filter((one) => one.path === "/oauth/token").length, 1);
});

test("a client signs in with a key, and signs anew if it gets no answer", async () => {
  await plan(["lose"]);
  const options = { url, clientId: keyed.client_id, privateKey: keyed.key, audience: keyed.audience };
  assert.equal((await data(new Client(options).api.GET("/api/v1/me"))).id, keyed.client_id);
});

test("a clock that is wrong is named when the token is refused", async () => {
  await plan(["hour"]);
  const wrong = new Client({ url, clientId: secret.clientId, clientSecret: "wrong" });
  await assert.rejects(wrong.api.GET("/api/v1/me"), refused(401, (fault) => /3[56]\d\d seconds behind that of the register\. Set/.test(fault.message)));
});

test("a POST that was not answered is sent again with its key and makes one case", async () => {
  await plan(["lose", 503]);
  const made = await open();
  const seen = await plan();
  assert.deepEqual([seen.length, new Set(seen.map((one) => one.headers["idempotency-key"])).size], [3, 1]);
  const all = await collect(register.items(CASES, { query: { limit: 200 } }));
  assert.equal(all.filter((one) => one.reference === made.reference).length, 1);
});

test("a change that was not answered is not repeated", async () => {
  const made = await open();
  await plan(["lose"]);
  await assert.rejects(change(made, "New"), NoAnswer);
  assert.equal((await plan()).length, 1);
});

test("the register is given the time that it asks for", async () => {
  await plan([429], 1);
  await register.api.GET("/api/v1/me");
  const [first, second] = await plan([429], 3600);
  assert.ok(second.at - first.at >= 1);
  await assert.rejects(register.api.GET("/api/v1/me"), refused(429, (fault) => fault.retryAfter === 3600));
});

test("a change of an older version is refused", async () => {
  const made = await open();
  await change(made, "First");
  await assert.rejects(change(made, "Second"), Changed);
});

test("faults say where they are", async () => {
  await assert.rejects(open({ reference: "", countries: ["XX"] }), refused(422, (fault) => fault.pointers.includes("/reference") && fault.requestId));
});

test("a list is read to its end in pages", async () => {
  const made = [await open(), await open(), await open()];
  await plan();
  const found = await collect(register.items(CASES, { query: { limit: 2 } }));
  assert.equal(new Set(found.map((one) => one.id)).size, found.length);
  assert.ok(made.every((one) => found.some((other) => other.id === one.id)));
  assert.equal((await plan()).length, Math.ceil(found.length / 2));
});

test("the feed goes on at the cursor that was stored", async () => {
  const options = { action: "case.registered", wait: 0 };
  const feed = await register.events(options).start();
  const start = feed.cursor;
  const made = [await open(), await open()];
  for await (const event of feed) {
    assert.equal(event.case_id, made[0].id);
    break;
  }
  assert.equal(feed.cursor, start);
  const again = register.events({ ...options, cursor: start });
  assert.deepEqual((await collect(again)).map((one) => one.case_id), made.map((one) => one.id));
  assert.deepEqual(await collect(register.events({ ...options, cursor: again.cursor })), []);
});

test("an import is found again under its key", async () => {
  const lines = [{ type: "case", external_id: "T", reference: "T", title: "Imported" }, { type: "case" }];
  await plan(["lose"]);
  const sent = await register.sendImport(lines, { idempotencyKey: "nightly-ts" });
  const done = await register.waitForImport(sent.id, undefined, 0.1);
  assert.deepEqual([done.stored, done.refused], [1, 1]);
  assert.equal((await register.sendImport(lines, { idempotencyKey: "nightly-ts" })).id, sent.id);
});

test("a file that is compressed already is sent as it is", async () => {
  const file = new Uint8Array(gzipSync(JSON.stringify({ type: "case", external_id: "Z", reference: "Z", title: "Compressed" })));
  const done = await register.waitForImport((await register.sendImport(file)).id, undefined, 0.1);
  assert.deepEqual([done.lines, done.stored], [1, 1]);
});

test("a message is verified", () => {
  const { secret: signed, headers, body, old } = webhook;
  assert.equal(verifyWebhook(signed, headers, body).type, "webhook.ping");
  for (const [other, sent] of [[headers, body + " "], [{}, body], [{ ...headers, "webhook-signature": "garbled" }, body]])
    assert.throws(() => verifyWebhook(signed, other, sent), UntrustedWebhook);
  assert.throws(() => verifyWebhook(signed, old, body), /too old.*clock/);
});
