/** `steadyreel serve`. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type ServeCommand, UsageError, type WebhookCommand } from './cli-options.ts';
import { errorResponse, methodNotAllowed, notFound } from './errors.ts';
import { isLoopbackOrigin } from './origin.ts';
import { sendFile } from './send-file.ts';
import { type StorageServer, serve } from './serve.ts';
import { createStaticHandler, mimeType } from './static.ts';
import type { WebhookOptions } from './webhooks/options.ts';

/** Files of the package that a script tag needs. */
const PACKAGE_FILES = [
  'steadyreel.iife.js',
  'worker.js',
  'tap.js',
  'passthrough.js',
  'clip.js',
  'recovery.js',
  'extras.js',
  'auto.js',
  'overlays.js',
  'thumbnails.js',
  'aac-encoder.js',
];

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

/** Variable of the environment that has the webhook's secret. */
const SECRET_VARIABLE = 'STEADYREEL_WEBHOOK_SECRET';

const readSecretFile = async (file: string): Promise<string> => {
  try {
    return await readFile(file, 'utf8');
  } catch (thrown) {
    throw new UsageError(`Option --webhook-secret-file: ${(thrown as Error).message}.`);
  }
};

/** The webhook of a command. While one secret replaces another there may be several, parted by white space. */
const webhookOf = async ({ url, secretFile, events }: WebhookCommand): Promise<WebhookOptions> => {
  const text = secretFile === undefined ? process.env[SECRET_VARIABLE] : await readSecretFile(secretFile);
  const secret = (text ?? '').split(/\s+/).filter(part => part !== '');
  if (secret.length === 0) {
    throw new UsageError(
      `Option --webhook: expected a secret in ${SECRET_VARIABLE}, or --webhook-secret-file.`,
    );
  }
  return { url, secret, ...(events === undefined ? {} : { events }) };
};

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
    ...(command.webhook === undefined ? {} : { webhook: await webhookOf(command.webhook) }),
    fallback,
  });
};

/** What is printed when the server runs. */
export const banner = (server: StorageServer, command: ServeCommand): string =>
  [
    `steadyreel: ${server.url}`,
    `storage:    ${server.endpoint}`,
    `recordings: ${resolve(command.dir)}`,
    // Its path and query may be secret.
    ...(command.webhook === undefined ? [] : [`webhook:    ${new URL(command.webhook.url).origin}`]),
    'Press Ctrl+C to stop.',
    '',
  ].join('\n');
