/** What handlers export about events. */
export {
  WebhookExpiredError,
  WebhookFailingError,
  WebhookForgedError,
  WebhookGivenUpError,
  WebhookMalformedError,
  WebhookOutboxError,
} from './errors.ts';
export type { WebhookData, WebhookEvent, WebhookEventType, WebhookRecording } from './events.ts';
export type { EventOptions, WebhookOptions } from './options.ts';
export { type RawWebhook, type VerifyOptions, verifyWebhook } from './verify.ts';
export type { DeliveryReport, UndeliveredEvent, WaitUntil, WebhookDeliveries } from './webhooks.ts';
