/** Options of webhooks, their defaults, and the checks on them. No Node modules. */
import { OptionInvalidError, OptionUnknownError, type SteadyreelError } from '../../errors.ts';
import { WEBHOOK_EVENTS, type WebhookEvent, type WebhookEventType } from './events.ts';
import { callWith, type Receiver, sendTo } from './receiver.ts';
import type { Timing } from './schedule.ts';
import { keyBytes, SECRET_FORM } from './signature.ts';

/** A receiver of events, by HTTP. */
export interface WebhookOptions {
  /** Where events are sent by `POST`. Use https wherever others can listen. Never shown in logs beyond its origin. */
  url: string;
  /**
   * What requests are signed with: `whsec_` and 24 to 64 random bytes in base64. Several while one replaces another: each
   * request is signed with all of them.
   */
  secret: string | readonly string[];
  /**
   * What its outbox is called; lower-case letters, digits and `-`. Default `default`. Each of several webhooks needs one of its own.
   * When the address changes and the name stays, what waits goes to the new one.
   */
  name?: string;
  /** What it is told of. Default: everything. */
  events?: readonly WebhookEventType[];
  /** Headers that are sent as well, for one for a gateway. Never shown. */
  headers?: Readonly<Record<string, string>>;
  /** Seconds that the receiver may take to answer. Default 15. */
  timeout?: number;
  /** Seconds until an event that was not taken is sent again; each time after, three times as long. Default 5. */
  firstDelay?: number;
  /** The longest time between two attempts, in seconds. Default 900. */
  longestDelay?: number;
  /** Seconds from the first failure on after which an event is given up, and kept as undelivered. Default 259,200: three days. */
  giveUpAfter?: number;
}

/** Options of handlers that are about events. */
export interface EventOptions {
  /** Receivers of events, by HTTP: one, or several, none of which waits for another. */
  webhook?: WebhookOptions | readonly WebhookOptions[];
  /**
   * Called with each event, at least once, in the order of its recording. When it throws or rejects, or takes more than a minute, the event comes
   * again later.
   */
  onEvent?: (event: WebhookEvent) => void | Promise<void>;
  /**
   * Told of what goes wrong with events: `webhook-failing`, `webhook-given-up`, `webhook-outbox-failed`. Recordings go on.
   * Default: `console.error`.
   */
  onWebhookError?: (error: SteadyreelError) => void;
}

/** The options with all defaults filled in. */
export interface ResolvedEventOptions {
  receivers: Receiver[];
  onWebhookError: (error: SteadyreelError) => void;
}

/** Names of the options, for messages. */
export const EVENT_OPTION_NAMES = ['webhook', 'onEvent', 'onWebhookError'] as const;

const NAMES = [
  ...['url', 'secret', 'name', 'events', 'headers'],
  ...['timeout', 'firstDelay', 'longestDelay', 'giveUpAfter'],
];

/** The outbox of `onEvent`. */
const FUNCTION_NAME = 'on-event';
const FUNCTION_TIMEOUT = 60_000;

const checkUrl = (url: unknown): URL => {
  const parsed = typeof url === 'string' && URL.canParse(url) ? new URL(url) : undefined;
  if (parsed && /^https?:$/.test(parsed.protocol) && !parsed.username && !parsed.password) return parsed;
  // Not what came: addresses of webhooks often hold a secret.
  throw new OptionInvalidError(
    'webhook.url',
    'an http(s) address without user and password',
    'something else',
  );
};

const checkSecrets = (secret: unknown): Uint8Array<ArrayBuffer>[] => {
  const secrets: unknown[] = Array.isArray(secret) ? secret : [secret];
  const keys = secrets.map(keyBytes).filter(key => key !== undefined);
  if (keys.length > 0 && keys.length === secrets.length) return keys;
  throw new OptionInvalidError('webhook.secret', SECRET_FORM, 'something else');
};

const checkName = (name: unknown): string => {
  if (typeof name === 'string' && /^[a-z0-9][a-z0-9-]{0,31}$/.test(name) && name !== FUNCTION_NAME)
    return name;
  throw new OptionInvalidError('webhook.name', 'up to 32 lower-case letters, digits and -', name);
};

const checkEvents = (events: unknown): readonly WebhookEventType[] => {
  if (events === undefined) return WEBHOOK_EVENTS;
  const isKnown = (event: unknown): boolean => WEBHOOK_EVENTS.includes(event as WebhookEventType);
  if (Array.isArray(events) && events.length > 0 && events.every(isKnown)) return [...events];
  throw new OptionInvalidError('webhook.events', `some of ${WEBHOOK_EVENTS.join(', ')}`, events);
};

const checkHeaders = (headers: unknown): Record<string, string> => {
  try {
    return Object.fromEntries(new Headers((headers ?? {}) as Record<string, string>));
  } catch {
    throw new OptionInvalidError('webhook.headers', 'names and values of headers', 'something else');
  }
};

/** The longest time that a timer can wait. */
const MOST_SECONDS = (2 ** 31 - 1) / 1000;

/** What is kept of each is written down whenever one fails: of so many, that is half a megabyte. */
const MOST_FAILING = 5_000;

/** Milliseconds. */
const checkSeconds = (value: unknown, name: string): number => {
  if (typeof value === 'number' && value > 0 && value <= MOST_SECONDS) return value * 1000;
  throw new OptionInvalidError(`webhook.${name}`, 'seconds, more than 0 and less than 25 days', value);
};

const timingOf = (options: Partial<WebhookOptions>): Timing => ({
  firstDelay: checkSeconds(options.firstDelay ?? 5, 'firstDelay'),
  longestDelay: checkSeconds(options.longestDelay ?? 900, 'longestDelay'),
  giveUpAfter: checkSeconds(options.giveUpAfter ?? 3 * 86_400, 'giveUpAfter'),
  mostFailing: MOST_FAILING,
});

const httpReceiver = (options: WebhookOptions): Receiver => {
  if (typeof options !== 'object' || options === null) {
    throw new OptionInvalidError('webhook', '{ url, secret }, or a list of them', options);
  }
  for (const name of Object.keys(options)) {
    if (!NAMES.includes(name)) throw new OptionUnknownError(`webhook.${name}`, NAMES);
  }
  const { href: url, origin: target } = checkUrl(options.url);
  const keys = checkSecrets(options.secret);
  const events = checkEvents(options.events);
  const headers = checkHeaders(options.headers);
  const timeout = checkSeconds(options.timeout ?? 15, 'timeout');
  return {
    name: checkName(options.name ?? 'default'),
    ...{ target, address: url, timing: timingOf(options) },
    wants: type => events.includes(type),
    send: (entry, signal) => sendTo({ url, keys, headers, timeout }, entry, signal),
  };
};

const functionReceiver = (onEvent: (event: WebhookEvent) => unknown): Receiver => ({
  ...{ name: FUNCTION_NAME, target: 'onEvent', address: 'onEvent', timing: timingOf({}) },
  wants: () => true,
  send: (entry, signal) => callWith(onEvent, FUNCTION_TIMEOUT, entry, signal),
});

/**
 * Checks options and fills in defaults.
 *
 * @throws OptionUnknownError (`option-unknown`), OptionInvalidError (`option-invalid`). Neither holds a secret.
 */
export const resolveEventOptions = ({
  webhook,
  onEvent,
  onWebhookError,
}: EventOptions): ResolvedEventOptions => {
  for (const [name, hook] of Object.entries({ onEvent, onWebhookError })) {
    if (hook !== undefined && typeof hook !== 'function')
      throw new OptionInvalidError(name, 'a function', hook);
  }
  const list = webhook === undefined ? [] : Array.isArray(webhook) ? webhook : [webhook];
  const receivers = (list as readonly WebhookOptions[]).map(httpReceiver);
  const names = receivers.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined)
    throw new OptionInvalidError('webhook.name', 'another name for each webhook', twice);
  if (onEvent) receivers.push(functionReceiver(onEvent));
  return {
    receivers,
    onWebhookError: onWebhookError ?? (error => console.error('steadyreel:', error.message)),
  };
};
