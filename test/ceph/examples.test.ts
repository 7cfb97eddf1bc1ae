/** The examples do what they are examples of. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { createApp as createExpress } from '../../examples/express.ts';
import { createApp as createHono } from '../../examples/hono.ts';
import { filePath, ID, isWithoutCeph, noise, Page } from './kit.ts';

const userOf = async (request: Request) => {
  const [, id] = /^Bearer (\w+)$/.exec(request.headers.get('authorization') ?? '') ?? [];
  return id === undefined ? undefined : { id };
};

const store = () => {
  const ceph = inject('ceph');
  if (ceph === undefined) throw new Error('There is no Ceph.');
  const { endpoint, region, bucket, ...credentials } = ceph;
  return { endpoint, region, bucket, credentials };
};

type Send = (request: Request) => Promise<Response>;

/** On a port of its own. */
const startExpress = async (): Promise<[Send, string]> => {
  const server = createExpress(store(), userOf).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return [request => fetch(request), `http://127.0.0.1:${port}/storage`];
};

const startHono = async (): Promise<[Send, string]> => {
  const app = createHono(store(), userOf);
  return [async request => app.fetch(request), 'http://app.example/storage'];
};

describe.skipIf(isWithoutCeph)('the S3 handler', () => {
  it.each([
    ['Hono', startHono],
    ['Express', startExpress],
  ])('takes a recording, shows and deletes it, in %s', async (_, start) => {
    const [send, base] = await start();
    const user = crypto.randomUUID().replaceAll('-', '');
    const page = new Page(send, base, { Authorization: `Bearer ${user}` });
    const bytes = noise(1000);
    await page.uploadParts([bytes]);
    expect((await page.putManifest()).status).toBe(204);
    expect(await page.list()).toEqual([ID]);
    expect(await page.read()).toEqual(bytes);
    const options = await page.send('OPTIONS', filePath());
    expect(options.headers.get('steadyreel-storage')).toBe('1');
    const foreign = new Page(send, base, { Authorization: 'Bearer somebody' });
    expect((await foreign.send('GET', filePath(), { redirect: 'manual' })).status).toBe(404);
    expect((await new Page(send, base).send('GET', '/recordings')).status).toBe(401);
    expect((await page.send('DELETE', `/recordings/${ID}`)).status).toBe(204);
    expect(await page.list()).toEqual([]);
  });
});
