/** The S3 handler in a process of its own, as it is deployed, with a count of what comes to it and what it asks of the store. */
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { toNodeListener } from '../../src/server/node.ts';
import { createS3Handler } from '../../src/server/s3/index.ts';
import type { Counts, Durations, HandlerAnswer, HandlerStart } from './messages.ts';

const requests: Counts = {};
const toStore: Counts = {};
const durations: Durations = {};
const closed = { received: 0, sent: 0 };
const sockets = new Set<Socket>();

const count = (counts: Counts, kind: string): void => {
  counts[kind] = (counts[kind] ?? 0) + 1;
};

/** What a recorder asks for. */
const kindOf = (method: string, path: string): string => {
  const step = /\/(upload|parts|complete|manifest\.json)(?:\?|$)/.exec(path)?.[1] ?? 'file';
  const kinds: Record<string, string> = {
    'POST upload': 'begin',
    'POST parts': 'sign',
    'GET parts': 'list parts',
    'POST complete': 'complete',
    'PUT manifest.json': 'manifest',
  };
  return kinds[`${method} ${step}`] ?? `${method} ${step}`;
};

/** S3's name of what the handler asks the store. */
const operationOf = (method: string, url: URL): string => {
  if (url.searchParams.has('uploads')) return 'CreateMultipartUpload';
  if (url.searchParams.has('uploadId'))
    return method === 'GET' ? 'ListParts' : method === 'POST' ? 'CompleteMultipartUpload' : 'Abort';
  return { HEAD: 'HeadObject', PUT: 'PutObject', GET: 'GetObject' }[method] ?? method;
};

const original = globalThis.fetch;
globalThis.fetch = (input, init) => {
  count(toStore, operationOf(init?.method ?? 'GET', new URL(String(input))));
  return original(input, init);
};

const answer = (message: HandlerAnswer): void => void process.send?.(message);

const start = ({ accessKeyId, secretAccessKey, ...store }: HandlerStart): void => {
  const listener = toNodeListener(
    createS3Handler({
      ...store,
      credentials: { accessKeyId, secretAccessKey },
      // Each recorder is a user of its own, as a session would tell.
      authorize: request => {
        const user = /^Bearer (user-\d+)$/.exec(request.headers.get('authorization') ?? '')?.[1];
        return user === undefined ? false : { prefix: `users/${user}` };
      },
    }),
  );
  const server = createServer((incoming, outgoing) => {
    const kind = kindOf(incoming.method ?? '', incoming.url ?? '');
    const began = performance.now();
    count(requests, kind);
    outgoing.once('finish', () => {
      const list = (durations[kind] ??= []);
      list.push(performance.now() - began);
    });
    listener(incoming, outgoing);
  });
  server.on('connection', socket => {
    sockets.add(socket);
    socket.once('close', () => {
      sockets.delete(socket);
      closed.received += socket.bytesRead;
      closed.sent += socket.bytesWritten;
    });
  });
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo;
    answer({ type: 'listening', endpoint: `http://127.0.0.1:${port}/storage` });
  });
};

const totals = () => {
  let { received, sent } = closed;
  for (const socket of sockets) {
    received += socket.bytesRead;
    sent += socket.bytesWritten;
  }
  return { requests, toStore, received, sent };
};

process.on('message', (message: HandlerStart | 'totals' | 'durations') => {
  if (message === 'totals') answer({ type: 'totals', totals: totals() });
  else if (message === 'durations') answer({ type: 'durations', durations });
  else start(message);
});
process.on('disconnect', () => process.exit());
