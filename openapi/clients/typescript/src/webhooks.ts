// Messages that the register sends to an address of yours.
import { Webhook } from "standardwebhooks";
import { UntrustedWebhook } from "./problems.js";

/** A message. Ignore one whose `data.id` you have already; `link` is where the object is read. */
export type WebhookMessage = {
  type: string;
  timestamp: string;
  data: { id: string; case_id: string | null; object_type: string; object_id: string | null; link: string | null };
};

/**
 * Returns the message, if it was signed with the secret and its time differs from your clock by at most five minutes. `body` is the body as
 * it came. Throws `UntrustedWebhook`.
 */
export function verifyWebhook(secret: string, headers: Record<string, string>, body: string): WebhookMessage {
  try {
    return new Webhook(secret).verify(body, headers) as WebhookMessage;
  } catch (fault) {
    const said = fault instanceof Error ? fault.message : String(fault);
    const clock = said.includes("timestamp too") ? " Check the clock of this computer (NTP)." : "";
    throw new UntrustedWebhook(`${said}.${clock}`, { cause: fault });
  }
}
