/** What goes wrong with webhooks: on the way out, and where they are received. */
import { SteadyreelError } from '../../errors.ts';
import type { WebhookEventType } from './events.ts';

/** `webhook-failing`: a receiver does not take what it is sent, and is tried again. Told once, until it takes something. */
export class WebhookFailingError extends SteadyreelError {
  readonly code = 'webhook-failing';
  constructor(
    /** The webhook's `name`. */
    readonly webhook: string,
    target: string,
    /** What the receiver answered, or why it could not be reached. */
    readonly detail: string,
  ) {
    super(`Webhook "${webhook}" (${target}) failed: ${detail}. Its events are kept and sent again.`);
  }
}

/** `webhook-given-up`: an event was not taken in time, or its receiver wants no more. It is kept, and can be sent again. */
export class WebhookGivenUpError extends SteadyreelError {
  readonly code = 'webhook-given-up';
  constructor(
    readonly webhook: string,
    readonly eventId: string,
    readonly eventType: WebhookEventType,
    readonly detail: string,
  ) {
    super(
      `Webhook "${webhook}" did not take ${eventType} (${eventId}): ${detail}. It is kept among the undelivered events; webhooks.retry() sends those again.`,
    );
  }
}

/** `webhook-outbox-failed`: events could not be written down or read. What is not written down yet is tried again. */
export class WebhookOutboxError extends SteadyreelError {
  readonly code = 'webhook-outbox-failed';
  constructor(cause: unknown) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    super(
      `The outbox of webhooks can not be used (${detail}). Check the room and the rights of ".webhooks" in the storage; recordings go on.`,
      { cause },
    );
  }
}

/** `webhook-malformed`: a request is no webhook: a header is missing, or the body is no event. */
export class WebhookMalformedError extends SteadyreelError {
  readonly code = 'webhook-malformed';
  constructor(detail: string) {
    super(`This is no webhook of steadyreel: ${detail}. Answer with 400.`);
  }
}

/** `webhook-expired`: a request was signed too long ago, or in the future: it may be an old one that somebody sends again. */
export class WebhookExpiredError extends SteadyreelError {
  readonly code = 'webhook-expired';
  constructor(
    /** Seconds between its signature and now; negative when it comes from the future. */
    readonly age: number,
    tolerance: number,
  ) {
    super(
      `The webhook was signed ${Math.round(age)} seconds ago; ${tolerance} at the most are accepted. Compare the clocks of sender and receiver.`,
    );
  }
}

/** `webhook-forged`: no signature fits: the secret is another one, or the body is not what was sent. */
export class WebhookForgedError extends SteadyreelError {
  readonly code = 'webhook-forged';
  constructor() {
    super(
      'No signature of the webhook fits. Compare the secrets, and verify the body as it came, before anything parses it.',
    );
  }
}
