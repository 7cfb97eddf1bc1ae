/** Networks and servers at their worst, while it records: what is in storage in the end is what was recorded. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { type Ceph, startCeph } from '../../scripts/ceph/cluster.mjs';
import { CEPH_ADVICE, ensureCeph } from '../../scripts/ceph/fetch.mjs';
import { toNodeListener } from '../../src/server/node.ts';
import { createS3Handler } from '../../src/server/s3/index.ts';
import { type Fate, FaultyProxy } from '../support/faulty-proxy.ts';
import { RawChromium } from '../support/raw-chromium.ts';
import { checkStored, Station } from './crash-kit.ts';

/** Times that the storage servers are killed and started again. */
const RESTARTS = 5;
/** Seconds for which there is no network. */
const OFFLINE = 60;
const seconds = (count: number): Promise<void> => new Promise(resolve => setTimeout(resolve, count * 1000));

/** The command line's server, as a process that can be killed. */
class TusServer {
  #child: ChildProcess | undefined;
  constructor(
    readonly folder: string,
    private readonly port = 0,
  ) {}

  /** Resolves to its port. */
  async start(port = this.port): Promise<number> {
    const cli = join(import.meta.dirname, '../../dist/cli.js');
    const args = [cli, 'serve', '--port', String(port), '--dir', this.folder];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child = child;
    let printed = '';
    for await (const data of child.stdout) {
      printed += data;
      const [, found] = /127\.0\.0\.1:(\d+)/.exec(printed) ?? [];
      if (found) return Number(found);
    }
    throw new Error(`The server did not start: ${printed}`);
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}

/** The handler that signs, on a server of its own. */
const serveS3 = async (ceph: Ceph, publicEndpoint: string) => {
  const { endpoint, region, bucket, accessKeyId, secretAccessKey } = ceph;
  const handler = createS3Handler({
    ...{ endpoint, publicEndpoint, region, bucket, credentials: { accessKeyId, secretAccessKey } },
    // Signatures expire while the network is gone.
    expiresIn: 5,
    // That the store fails is what the test is about.
    onError: () => undefined,
    allowedOrigins: '*',
    authorize: () => ({ prefix: 'network' }),
  });
  const server = createServer(toNodeListener(handler)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
};

/** Meets three of ten requests with a fault, each with another one, and the others with none. */
const untrustworthy = (): (() => Fate) => {
  const fates: Record<number, Fate> = { 1: 'fails', 4: 'cut', 7: 'answer-lost' };
  let count = 0;
  return () => fates[count++ % 10] ?? 'passes';
};

test.describe.configure({ timeout: 240_000 });

test('servers that are killed, requests that fail, and no network for a minute: nothing is lost', async () => {
  const programs = ensureCeph();
  if (process.env.CI === 'true' && !programs) throw new Error(CEPH_ADVICE);
  test.skip(!programs, CEPH_ADVICE);
  const station = await Station.start();
  const tusFolder = join(station.folder, 'stored');
  const first = new TusServer(tusFolder);
  const port = await first.start();
  const tusServer = new TusServer(tusFolder, port);
  const ceph = await startCeph();
  const tusProxy = await FaultyProxy.start(`http://127.0.0.1:${port}`);
  const storeProxy = await FaultyProxy.start(ceph.endpoint);
  const s3Server = await serveS3(ceph, storeProxy.url);
  const s3Proxy = await FaultyProxy.start(s3Server.url);
  const proxies = [tusProxy, storeProxy, s3Proxy];
  const browser = await RawChromium.launch(station.profile);
  try {
    const page = await station.open(browser, () => undefined, {
      tus: `${tusProxy.url}/storage`,
      s3: `${s3Proxy.url}/storage`,
    });
    await Promise.all([page.call('begin', 'tus'), page.call('begin', 's3'), page.call('begin', 's3', true)]);
    await seconds(2);

    for (const proxy of proxies) proxy.fate = untrustworthy();
    // Each of them meets each fault.
    const rarest = (): number =>
      Math.min(...proxies.flatMap(({ met }) => [met.fails, met.cut, met['answer-lost']]));
    await expect.poll(rarest, { timeout: 40_000 }).toBeGreaterThanOrEqual(2);
    for (const proxy of proxies) proxy.fate = () => 'passes';

    await first.kill();
    for (let time = 0; time < RESTARTS; time++) {
      await Promise.all([tusServer.kill(), ceph.killGateway(), s3Proxy.down()]);
      await seconds(0.5);
      await Promise.all([tusServer.start(), ceph.startGateway(), s3Proxy.up()]);
      await seconds(1.5);
    }

    for (const proxy of proxies) await proxy.down();
    await seconds(OFFLINE);
    for (const proxy of proxies) await proxy.up();

    const stopped = await page.call('stopAll');
    expect(stopped).toHaveLength(3);
    for (const { recording, fed, stats } of stopped) {
      expect(recording.state).toBe('complete');
      expect(stats.framesDropped).toBe(0);
      const folder = join(tusFolder, recording.id);
      // What is in the S3 store is read as a player reads it.
      if (recording.id !== stopped[0]?.recording.id) {
        await mkdir(folder, { recursive: true });
        for (const { key } of recording.files) {
          const response = await fetch(`${s3Server.url}/storage/${key}`);
          expect(response.status, key).toBe(200);
          await writeFile(
            join(folder, key.split('/').at(-1) ?? ''),
            Buffer.from(await response.arrayBuffer()),
          );
        }
      }
      expect(await checkStored({ manifest: recording, folder })).toBe(fed);
    }
  } finally {
    await browser.close();
    await Promise.all([first.kill(), tusServer.kill(), ceph.stop(), ...proxies.map(proxy => proxy.down())]);
    s3Server.server.close();
    await station.close();
  }
});
