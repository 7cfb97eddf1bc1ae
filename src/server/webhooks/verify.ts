/** The receiver's side: is it ours, is it new, is it whole. No Node modules. */
import { OptionInvalidError } from '../../errors.ts';
import { readBody } from '../body.ts';
import { WebhookExpiredError, WebhookForgedError, WebhookMalformedError } from './errors.ts';
import type { WebhookEvent } from './events.ts';
import { importKey, keyBytes, SECRET_FORM, signedContent } from './signature.ts';

/** A request as Node, Express and the like have it. The body has to be as it came: parsed and written again, it is another one. */
export interface RawWebhook {
  headers: Headers | Record<string, string | readonly string[] | undefined>;
  body: string | Uint8Array;
}

/** Options of `verifyWebhook`. */
export interface VerifyOptions {
  /** The webhook's secret, or several while one replaces another. */
  secret: string | readonly string[];
  /** Seconds that a signature may be old, or ahead of this machine's clock. Default 300. */
  tolerance?: number;
}

/** Events have 64 KiB of data at the most. */
const MAX_BYTES = 256 * 1024;
/** Signatures that are looked at. */
const MAX_SIGNATURES = 8;

const headerOf = (headers: RawWebhook['headers'], name: string): string => {
  const value =
    headers instanceof Headers
      ? headers.get(name)
      : Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  if (typeof value === 'string' && value !== '') return value;
  throw new WebhookMalformedError(`the header ${name} is missing`);
};

const isRaw = (source: Request | RawWebhook): source is RawWebhook =>
  typeof source.body === 'string' || source.body instanceof Uint8Array;

const bodyOf = async (source: Request | RawWebhook): Promise<string> => {
  if (isRaw(source))
    return typeof source.body === 'string' ? source.body : new TextDecoder().decode(source.body);
  try {
    return new TextDecoder().decode(await readBody(source, MAX_BYTES, 'A webhook'));
  } catch (thrown) {
    throw new WebhookMalformedError(`its body can not be read (${(thrown as Error).message})`);
  }
};

const checkTime = (text: string, tolerance: number): number => {
  const timestamp = /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(timestamp)) throw new WebhookMalformedError('webhook-timestamp is no time in seconds');
  const age = Date.now() / 1000 - timestamp;
  if (Math.abs(age) > tolerance) throw new WebhookExpiredError(age, tolerance);
  return timestamp;
};

const signaturesIn = (header: string): Uint8Array<ArrayBuffer>[] => {
  const texts = header.split(' ').slice(0, MAX_SIGNATURES);
  return texts.flatMap(text => {
    const [, base64] = /^v1,([A-Za-z0-9+/]{43}=)$/.exec(text) ?? [];
    return base64 === undefined ? [] : [Uint8Array.from(atob(base64), character => character.charCodeAt(0))];
  });
};

const keysOf = (secret: unknown): Promise<CryptoKey[]> => {
  const keys = (Array.isArray(secret) ? secret : [secret]).map(keyBytes);
  if (keys.length === 0 || keys.includes(undefined)) {
    // Not what came: it may be half of a secret.
    throw new OptionInvalidError('secret', SECRET_FORM, 'something else');
  }
  return Promise.all(keys.filter(key => key !== undefined).map(key => importKey(key, 'verify')));
};

/**
 * Resolves to a webhook's event when the request comes from who has the secret, and was signed just now. The same event may come
 * again, with the same `id`: remember those that were handled.
 *
 * @throws WebhookMalformedError (`webhook-malformed`), WebhookExpiredError (`webhook-expired`), WebhookForgedError
 * (`webhook-forged`): answer those with 400; OptionInvalidError (`option-invalid`) for a secret that is none.
 */
export const verifyWebhook = async (
  source: Request | RawWebhook,
  options: VerifyOptions,
): Promise<WebhookEvent> => {
  const { secret, tolerance = 300 } = options;
  const keys = await keysOf(secret);
  const id = headerOf(source.headers, 'webhook-id');
  const timestamp = checkTime(headerOf(source.headers, 'webhook-timestamp'), tolerance);
  const signatures = signaturesIn(headerOf(source.headers, 'webhook-signature'));
  const body = await bodyOf(source);
  const content = signedContent(id, timestamp, body);
  // Compares in constant time, as a comparison of ours could not be relied on to.
  const pairs = keys.flatMap(key =>
    signatures.map(signature => crypto.subtle.verify('HMAC', key, signature, content)),
  );
  if (!(await Promise.all(pairs)).includes(true)) throw new WebhookForgedError();
  try {
    return JSON.parse(body) as WebhookEvent;
  } catch {
    throw new WebhookMalformedError('its body is no JSON');
  }
};
