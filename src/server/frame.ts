/** What all storage handlers do around an answer: origins, errors and headers. No Node modules. */
import { asHttpError, errorResponse, internal, originForbidden } from './errors.ts';
import { type AllowedOrigins, corsHeaders, isAllowedOrigin, resourcePolicy } from './origin.ts';
import type { WebhookDeliveries } from './webhooks/webhooks.ts';

/** Answers the requests of the storage; errors are answers too. */
export interface StorageHandler {
  (request: Request): Promise<Response>;
  /** What can be done about its events; absent when nobody is told of them. */
  readonly webhooks?: WebhookDeliveries;
}

/** A handler, with its webhooks when it has any. */
export const withWebhooks = (
  handler: StorageHandler,
  webhooks: WebhookDeliveries | undefined,
): StorageHandler => (webhooks === undefined ? handler : Object.assign(handler, { webhooks }));

/** What a frame needs to know. */
export interface FrameOptions {
  allowedOrigins: AllowedOrigins;
  onError: (error: unknown, request: Request) => void;
}

/** 204, not to be kept by caches. */
export const noContent = (headers: Record<string, string> = {}): Response =>
  new Response(null, { status: 204, headers: { 'Cache-Control': 'no-store', ...headers } });

/** The response with the headers that every one has. A copy, because those of `fetch` can't be changed. */
const withHeaders = (response: Response, request: Request, extra: Record<string, string>): Response => {
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(extra)) headers.set(name, value);
  headers.append('Vary', 'Origin');
  const body = request.method === 'HEAD' ? null : response.body;
  return new Response(body, { status: response.status, headers });
};

/**
 * Puts the frame around `respond`, which may throw: foreign origins are refused before it is asked, faults go to
 * `onError`, and every answer gets its CORS headers. `extra` are headers of every answer.
 */
export const frame = (
  { allowedOrigins, onError }: FrameOptions,
  respond: StorageHandler,
  extra: (request: Request) => Record<string, string> = () => ({}),
): StorageHandler => {
  const check = (request: Request): void => {
    const origin = request.headers.get('origin');
    const isAllowed = isAllowedOrigin(origin, new URL(request.url).host, allowedOrigins);
    if (!isAllowed) throw originForbidden(origin ?? '');
  };

  const fail = (thrown: unknown, request: Request): Response => {
    const known = asHttpError(thrown);
    if (known === undefined) onError(thrown, request);
    return errorResponse(known ?? internal());
  };

  return async request => {
    const secure = { 'X-Content-Type-Options': 'nosniff', 'Cross-Origin-Resource-Policy': 'same-site' };
    try {
      check(request);
      const policy = resourcePolicy(request.headers.get('referer'), allowedOrigins);
      secure['Cross-Origin-Resource-Policy'] = policy;
    } catch (thrown) {
      return withHeaders(fail(thrown, request), request, secure);
    }
    const response = await respond(request).catch(thrown => fail(thrown, request));
    const cors = corsHeaders(request.headers.get('origin'), allowedOrigins);
    return withHeaders(response, request, { ...secure, ...cors, ...extra(request) });
  };
};
