export { Client, data, ifMatch, type Source } from "./client.js";
export { Feed, type FeedOptions } from "./feed.js";
export type { Item, ListParameters, ListPath } from "./lists.js";
export { Changed, NoAnswer, Problem, UntrustedWebhook } from "./problems.js";
export type { Credentials } from "./tokens.js";
export type { Options } from "./transport.js";
export { verifyWebhook, type WebhookMessage } from "./webhooks.js";
export type * from "./schema.js";
