/**
 * Signatures as Standard Webhooks 1.0.0 has them ("Signature scheme", "Webhook headers";
 * github.com/standard-webhooks/standard-webhooks). Web Crypto only: they are made at the edge, too.
 */

const PREFIX = 'whsec_';
const LEAST_BYTES = 24;
const MOST_BYTES = 64;

/** The key in a secret; `undefined` when it is none. */
export const keyBytes = (secret: unknown): Uint8Array<ArrayBuffer> | undefined => {
  const base64 = typeof secret === 'string' && secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : '';
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined;
  try {
    const bytes = Uint8Array.from(atob(base64), character => character.charCodeAt(0));
    return bytes.byteLength >= LEAST_BYTES && bytes.byteLength <= MOST_BYTES ? bytes : undefined;
  } catch {
    return undefined;
  }
};

/** What secrets look like, for messages. */
export const SECRET_FORM = `"${PREFIX}" and ${LEAST_BYTES} to ${MOST_BYTES} random bytes in base64`;

/** What is signed: id and time can't hold a dot, so nothing can be moved between them and the body. */
export const signedContent = (id: string, timestamp: number, body: string): Uint8Array<ArrayBuffer> =>
  new TextEncoder().encode(`${id}.${timestamp}.${body}`);

const HMAC = { name: 'HMAC', hash: 'SHA-256' };

/** The key for Web Crypto. */
export const importKey = (bytes: Uint8Array<ArrayBuffer>, usage: 'sign' | 'verify'): Promise<CryptoKey> =>
  crypto.subtle.importKey('raw', bytes, HMAC, false, [usage]);

const signatureOf = async (
  bytes: Uint8Array<ArrayBuffer>,
  content: Uint8Array<ArrayBuffer>,
): Promise<string> => {
  const signature = await crypto.subtle.sign('HMAC', await importKey(bytes, 'sign'), content);
  return `v1,${btoa(String.fromCharCode(...new Uint8Array(signature)))}`;
};

/**
 * The three headers. With several keys there are as many signatures, so that a receiver can go from one to another
 * without missing a request. `timestamp` is in seconds.
 */
export const signedHeaders = async (
  keys: readonly Uint8Array<ArrayBuffer>[],
  { id, timestamp, body }: { id: string; timestamp: number; body: string },
): Promise<Record<string, string>> => {
  const content = signedContent(id, timestamp, body);
  const signatures = await Promise.all(keys.map(key => signatureOf(key, content)));
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signatures.join(' '),
  };
};
