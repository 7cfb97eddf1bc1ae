/** `toNodeListener` on a server of HTTP/2, where a request names its host otherwise. */
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect, constants, createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { toNodeListener } from '../../src/server/index.ts';
import { ID, manifest, newStorage } from './server-kit.ts';

it('serves the pages of its own site', async () => {
  const { handler, dir } = await newStorage({ allowedOrigins: [] });
  const aborted: boolean[] = [];
  const listener = toNodeListener(async asked => {
    asked.signal.addEventListener('abort', () => aborted.push(true));
    return handler(asked);
  });
  const server = createServer((incoming, outgoing) => {
    listener(incoming as unknown as IncomingMessage, outgoing as unknown as ServerResponse);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const authority = `storage.example:${(server.address() as AddressInfo).port}`;
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  onTestFinished(() => {
    session.close();
    server.close();
  });
  const ask = async (method: string, path: string, origin: string, body = '') => {
    const asked = { ':method': method, ':path': `/storage${path}`, ':authority': authority, origin };
    const stream = session.request(asked, { endStream: body === '' });
    if (body !== '') stream.end(body);
    const [answer] = await once(stream, 'response');
    let text = '';
    for await (const piece of stream.setEncoding('utf8')) text += piece;
    return { status: answer[constants.HTTP2_HEADER_STATUS], text };
  };
  const path = `/recordings/${ID}/manifest.json`;
  const own = `https://${authority}`;
  expect(await ask('PUT', path, own, JSON.stringify(manifest(ID)))).toMatchObject({ status: 204 });
  expect(await ask('PUT', path, 'https://elsewhere.example')).toMatchObject({ status: 403 });
  expect(JSON.parse((await ask('GET', path, own)).text)).toMatchObject({ id: ID });
  expect((await stat(join(dir, ID, 'manifest.json'))).size).toBeGreaterThan(0);
  expect(aborted).toEqual([]);
});
