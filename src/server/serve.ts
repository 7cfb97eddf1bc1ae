/** A server of its own, for the command line, the demo and tests. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OptionInvalidError } from '../errors.ts';
import { errorResponse, hostForbidden, ListenError, notFound } from './errors.ts';
import type { StorageHandler } from './frame.ts';
import { createStorageHandler } from './handler.ts';
import { toNodeListener } from './node.ts';
import type { StorageHandlerOptions } from './options.ts';
import {
  type AllowedOrigins,
  corsHeaders,
  isAllowedOrigin,
  isLoopbackAddress,
  isLoopbackOrigin,
  isTrustedHost,
  preflightHeaders,
} from './origin.ts';
import { isUnder } from './route.ts';
import type { WebhookDeliveries } from './webhooks/webhooks.ts';

/** Options of `serve`. */
export interface ServeOptions extends StorageHandlerOptions {
  /** TCP port. Default 8080; 0 takes a free one. */
  port?: number;
  /**
   * Address to listen on. Default `127.0.0.1`: this machine only. On such an address, requests for another
   * host name than `localhost`, an IP address, or that of an allowed origin are refused, because a page
   * elsewhere can point a name of its own at it.
   */
  host?: string;
  /** Answers all requests outside of `path`. Default: 404. */
  fallback?: (request: Request) => Response | Promise<Response>;
}

/** A server that runs. */
export interface StorageServer {
  /** Address of its root, with a slash at the end. */
  readonly url: string;
  /** Address of the storage, for `tus({ endpoint })`. */
  readonly endpoint: string;
  readonly port: number;
  /** What can be done about events; absent when nobody is told of them. */
  readonly webhooks?: WebhookDeliveries;
  /**
   * Stops taking connections, lets running requests finish for `graceSeconds` (default 5), and closes what
   * is left. Events that were not delivered stay in the outbox. A second call waits for the same end.
   */
  close(graceSeconds?: number): Promise<void>;
}

/** An idle client is cut off after this; there is no limit on the whole of an upload. */
const IDLE_MS = 120_000;

/** How an address is written in a URL. */
const hostInUrl = (host: string): string => {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
};

const listen = async (server: Server, host: string, port: number): Promise<number> => {
  try {
    server.listen(port, host);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  } catch (cause) {
    throw new ListenError(host, port, cause);
  }
};

/** Makes the function that closes a server, once. */
const closer = (
  server: Server,
  webhooks: StorageHandler['webhooks'],
): ((graceSeconds?: number) => Promise<void>) => {
  let closed: Promise<void> | undefined;
  const close = async (graceSeconds: number): Promise<void> => {
    const began = performance.now();
    const ended = once(server, 'close');
    server.close();
    server.closeIdleConnections();
    // Kept-alive connections become idle one by one.
    server.on('request', (_, outgoing) => outgoing.setHeader('Connection', 'close'));
    const sweep = setInterval(() => server.closeIdleConnections(), 50);
    const deadline = setTimeout(() => server.closeAllConnections(), graceSeconds * 1000);
    await ended;
    clearInterval(sweep);
    clearTimeout(deadline);
    // Last: what the running requests had to tell is written down by now.
    await webhooks?.close(Math.max(0, graceSeconds - (performance.now() - began) / 1000));
  };
  return (graceSeconds = 5) => (closed ??= close(graceSeconds));
};

/** A page on another origin that has the storage's path wrong is to see the 404, not a bare network error. */
const readable = (request: Request, response: Response, allowed: AllowedOrigins): Response => {
  const origin = request.headers.get('origin');
  if (!isAllowedOrigin(origin, new URL(request.url).host, allowed)) return response;
  const cors = corsHeaders(origin, allowed);
  if (request.method === 'OPTIONS') {
    const asked = request.headers.get('access-control-request-headers');
    return new Response(null, { status: 204, headers: { ...cors, ...preflightHeaders(asked) } });
  }
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(cors)) headers.set(name, value);
  return new Response(response.body, { status: 404, headers });
};

/**
 * Starts a node:http server with the storage handler.
 *
 * @throws OptionUnknownError (`option-unknown`), OptionInvalidError (`option-invalid`), ListenError
 * (`listen-failed`), for one when the port is in use.
 */
export const serve = async (options: ServeOptions): Promise<StorageServer> => {
  const { port = 8080, host = '127.0.0.1', fallback, ...storageOptions } = options;
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new OptionInvalidError('port', 'a whole number from 0 to 65535', port);
  }
  const storage = createStorageHandler(storageOptions);
  const path = (options.path ?? '/storage').replace(/\/$/, '');
  const allowed: AllowedOrigins = options.allowedOrigins ?? isLoopbackOrigin;
  const respond = async (request: Request): Promise<Response> => {
    const url = new URL(request.url);
    if (isLoopbackAddress(host) && !isTrustedHost(url.host, allowed)) {
      return errorResponse(hostForbidden(url.host));
    }
    if (isUnder(url.pathname, path)) return storage(request);
    const response = fallback === undefined ? errorResponse(notFound()) : await fallback(request);
    return response.status === 404 ? readable(request, response, allowed) : response;
  };
  const server = createServer(toNodeListener(respond));
  server.requestTimeout = 0;
  server.setTimeout(IDLE_MS);
  const actualPort = await listen(server, host, port).catch(async error => {
    await storage.webhooks?.close(0);
    throw error;
  });
  const root = `http://${hostInUrl(host)}:${actualPort}`;
  return {
    ...{ url: `${root}/`, endpoint: root + path, port: actualPort },
    ...(storage.webhooks ? { webhooks: storage.webhooks } : {}),
    close: closer(server, storage.webhooks),
  };
};
