/** `steadyreel serve`. */
import { resolve } from 'node:path';
import type { ServeCommand } from './cli-options.ts';
import { errorResponse, methodNotAllowed, notFound } from './errors.ts';
import { isLoopbackOrigin } from './origin.ts';
import { sendFile } from './send-file.ts';
import { type StorageServer, serve } from './serve.ts';
import { createStaticHandler, mimeType } from './static.ts';

/** Files of the package that a script tag needs. */
const PACKAGE_FILES = ['steadyreel.iife.js', 'worker.js', 'tap.js', 'passthrough.js', 'aac-encoder.js'];

/** Serves them from the package's `dist` folder; `undefined` for every other address. */
const packageFile = async (dist: string, request: Request): Promise<Response | undefined> => {
  const name = new URL(request.url).pathname.slice(1);
  if (!PACKAGE_FILES.includes(name)) return undefined;
  if (!['GET', 'HEAD'].includes(request.method)) {
    return errorResponse(methodNotAllowed(request.method, ['GET', 'HEAD']));
  }
  return sendFile(request, resolve(dist, name), {
    'Content-Type': mimeType(name),
    'Cache-Control': 'no-cache',
    'X-Content-Type-Options': 'nosniff',
    // Public code, which pages of other origins load and import.
    'Access-Control-Allow-Origin': '*',
    'Cross-Origin-Resource-Policy': 'cross-origin',
  });
};

const welcome = (): Response =>
  new Response('This is a steadyreel server. The storage is at /storage.\n', {
    headers: { 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' },
  });

/** Starts the server of a command. `dist` is the package's folder of built files. */
export const startServer = async (command: ServeCommand, dist: string): Promise<StorageServer> => {
  const site = command.static === undefined ? undefined : createStaticHandler(command.static);
  const fallback = async (request: Request): Promise<Response> => {
    const own = await packageFile(dist, request);
    if (own) return own;
    if (site) return site(request);
    const isRoot = new URL(request.url).pathname === '/' && request.method === 'GET';
    return isRoot ? welcome() : errorResponse(notFound());
  };
  return serve({
    dir: command.dir,
    port: command.port,
    host: command.host,
    allowedOrigins: origin => isLoopbackOrigin(origin) || command.allowedOrigins.includes(origin),
    ...(command.maxFileBytes === undefined ? {} : { maxFileBytes: command.maxFileBytes }),
    fallback,
  });
};

/** What is printed when the server runs. */
export const banner = (server: StorageServer, command: ServeCommand): string =>
  [
    `steadyreel: ${server.url}`,
    `storage:    ${server.endpoint}`,
    `recordings: ${resolve(command.dir)}`,
    'Press Ctrl+C to stop.',
    '',
  ].join('\n');
