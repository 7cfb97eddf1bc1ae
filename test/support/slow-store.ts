/** S3 stores that take parts slowly, or take them and then do not want them, behind a handler that signs anything. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const ETAG = '"of-the-store"';

const CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Headers': '*',
  'Access-Control-Allow-Methods': '*',
  'Access-Control-Expose-Headers': 'ETag',
};

/** Reads a body no faster than so; resolves to it. */
const take = async (incoming: IncomingMessage, bytesPerSecond: number): Promise<Buffer> => {
  const began = performance.now();
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of incoming) {
    pieces.push(piece as Buffer);
    bytes += (piece as Buffer).length;
    const due = began + (bytes / bytesPerSecond) * 1000;
    if (due > performance.now()) await new Promise(resolve => setTimeout(resolve, due - performance.now()));
  }
  return Buffer.concat(pieces);
};

const json = (outgoing: ServerResponse, status: number, value: unknown): void =>
  void outgoing.writeHead(status, { ...CORS, 'Content-Type': 'application/json' }).end(JSON.stringify(value));

/**
 * Starts it; `/busy/storage` is the handler of a store that answers 503 to each part, `/<number>/storage` that of one that takes so
 * many bytes in a second. Resolves to its address and what ends it.
 */
export const startSlowStore = async (): Promise<{ url: string; close(): Promise<void> }> => {
  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const { method, url = '', headers } = incoming;
    const [, kind] = url.split('/');
    if (method === 'OPTIONS') return void outgoing.writeHead(204, CORS).end();
    if (method === 'PUT') {
      await take(incoming, Number(kind) || Number.POSITIVE_INFINITY);
      const status = kind === 'busy' ? 503 : 200;
      return void outgoing.writeHead(status, { ...CORS, ETag: ETAG }).end();
    }
    const body = JSON.parse((await take(incoming, Number.POSITIVE_INFINITY)).toString() || '{}');
    if (url.endsWith('/upload')) return json(outgoing, 201, { uploadId: 'one' });
    if (url.includes('/complete')) {
      const known = body.parts.every(({ etag }: { etag: string }) => etag === ETAG);
      return json(outgoing, known ? 200 : 400, {});
    }
    const sign = ({ number, md5 }: { number: number; md5: string }) => ({
      ...{ number, url: `http://${headers.host}/${kind}/part/${number}`, headers: { 'Content-MD5': md5 } },
    });
    return json(outgoing, 200, { parts: body.parts.map(sign) });
  };
  const server = createServer((incoming, outgoing) => {
    handle(incoming, outgoing).catch(() => outgoing.destroy());
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
};
