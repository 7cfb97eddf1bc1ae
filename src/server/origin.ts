/** Which origins may use the storage, and what CORS headers they get. Pure. */

/** Origins whose pages may use the storage, besides pages of the same host. */
export type AllowedOrigins = '*' | readonly string[] | ((origin: string) => boolean);

const EXPOSED = [
  'Location',
  'Upload-Offset',
  'Upload-Length',
  'Upload-Defer-Length',
  'Upload-Metadata',
  'Tus-Resumable',
  'Tus-Version',
  'Tus-Extension',
  'Tus-Max-Size',
  'Steadyreel-Storage',
  'Content-Range',
  'Accept-Ranges',
  'ETag',
  'Retry-After',
].join(', ');

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];

/** `undefined` for `null` and everything else that is no origin. */
const parseOrigin = (origin: string): URL | undefined => {
  if (!URL.canParse(origin)) return undefined;
  const url = new URL(origin);
  return url.origin === origin ? url : undefined;
};

/** True for an `Origin` header's form: scheme, host and port, no slash at the end. */
export const isOrigin = (text: string): boolean => parseOrigin(text) !== undefined;

/** True for `http(s)://localhost`, `127.0.0.1` and `[::1]` with any port. */
export const isLoopbackOrigin = (origin: string): boolean => {
  const url = parseOrigin(origin);
  return url !== undefined && /^https?:$/.test(url.protocol) && LOOPBACK_NAMES.includes(url.hostname);
};

const isListed = (origin: string, allowed: AllowedOrigins): boolean => {
  if (allowed === '*') return true;
  return typeof allowed === 'function' ? allowed(origin) : allowed.includes(origin);
};

/**
 * True when a request with this `Origin` header may be answered. `host` is the request's own host with its
 * port: the scheme is not compared, because a proxy in front of the server may end TLS.
 */
export const isAllowedOrigin = (origin: string | null, host: string, allowed: AllowedOrigins): boolean => {
  if (origin === null) return true;
  return parseOrigin(origin)?.host === host || isListed(origin, allowed);
};

/** CORS headers for a request that may be answered. */
export const corsHeaders = (origin: string | null, allowed: AllowedOrigins): Record<string, string> => {
  const sharedWith = allowed === '*' ? '*' : origin;
  if (sharedWith === null) return {};
  return { 'Access-Control-Allow-Origin': sharedWith, 'Access-Control-Expose-Headers': EXPOSED };
};

/** Headers of the answer to a CORS preflight. `requested` are the headers that the page wants to send. */
export const preflightHeaders = (requested: string | null): Record<string, string> => ({
  'Access-Control-Allow-Methods': 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS',
  // Asked for by name, because `*` leaves out Authorization (Fetch standard, CORS protocol).
  ...(requested === null ? {} : { 'Access-Control-Allow-Headers': requested }),
  'Access-Control-Max-Age': '7200',
});

/**
 * `Cross-Origin-Resource-Policy`: whether pages of other sites may embed a file without CORS, as `<video>`
 * does. The browser sends no `Origin` then, but names the page in `Referer`, which a page can leave out but
 * not forge. Sites do not differ by port, yet `localhost` and `127.0.0.1` are two of them.
 */
export const resourcePolicy = (referer: string | null, allowed: AllowedOrigins): string => {
  const isAllowed = referer !== null && URL.canParse(referer) && isListed(new URL(referer).origin, allowed);
  return isAllowed || allowed === '*' ? 'cross-origin' : 'same-site';
};

/** True for an address that only this machine can reach. */
export const isLoopbackAddress = (address: string): boolean =>
  address === 'localhost' || address === '::1' || /^127\.\d+\.\d+\.\d+$/.test(address);

const isAddress = (hostname: string): boolean =>
  hostname.startsWith('[') || /^\d+\.\d+\.\d+\.\d+$/.test(hostname);

/**
 * True when a server that listens on a loopback address may answer a request for `host`. A page elsewhere
 * can point its own name at 127.0.0.1 (DNS rebinding) and then counts as the same origin; only its name
 * gives it away.
 */
export const isTrustedHost = (host: string, allowed: AllowedOrigins): boolean => {
  if (!URL.canParse(`http://${host}`)) return false;
  const { hostname } = new URL(`http://${host}`);
  if (hostname === 'localhost' || hostname.endsWith('.localhost') || isAddress(hostname)) return true;
  return isListed(`http://${host}`, allowed) || isListed(`https://${host}`, allowed);
};
