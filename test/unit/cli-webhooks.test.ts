/** `serve --webhook`, as a process that is killed over and over. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type BuiltCli, buildCli, runCli, runServe } from './cli-kit.ts';
import { Client, filePath, temporaryFolder, until } from './server-kit.ts';
import { answer, breakOff, checkRequests, manifestOf, newReceiver, SECRET } from './webhook-kit.ts';

const idOf = (n: number): string => `0a1b2c3d-0000-4000-8000-${String(n).padStart(12, '0')}`;
const ALL = ['recording.started', 'recording.file', 'recording.completed'];

let cli: BuiltCli;
beforeAll(async () => {
  cli = await buildCli();
  return cli.remove;
});
afterEach(() => {
  delete process.env.STEADYREEL_WEBHOOK_SECRET;
});

/** Tries until it works: what a recorder does. */
const persistently = async (work: () => Promise<unknown>): Promise<void> => {
  for (const deadline = Date.now() + 15_000; ; ) {
    try {
      await work();
      return;
    } catch (thrown) {
      if (Date.now() > deadline) throw thrown;
      await new Promise(resolve => setTimeout(resolve, 10));
    }
  }
};

const upload = async (client: Client, id: string): Promise<void> => {
  await client.create(id);
  const path = filePath(id);
  const { offset, length } = await client.offset(path);
  if (length !== undefined) return;
  expect((await client.patch(offset, new Uint8Array(1000 - offset), {}, path)).status).toBe(204);
  expect((await client.finish(1000, path)).status).toBe(204);
};

const record = async (client: Client, id: string): Promise<void> => {
  const put = (state: 'recording' | 'complete', files: number) =>
    persistently(async () => {
      expect((await client.putManifest(id, manifestOf(state, files, { id }))).status).toBe(204);
    });
  await put('recording', 0);
  await persistently(() => upload(client, id));
  await put('recording', 1);
  await put('complete', 1);
};

describe('a server that is killed', () => {
  it('over and over, with a receiver that comes and goes, loses no event and tells repeats by their ids', async () => {
    process.env.STEADYREEL_WEBHOOK_SECRET = SECRET;
    const receiver = await newReceiver();
    // What it takes and can't confirm comes again.
    let count = 0;
    receiver.behave = (outgoing, received) =>
      (++count % 5 === 0 ? breakOff : answer(count % 7 === 0 ? 500 : 200))(outgoing, received);
    const dir = await temporaryFolder();
    const serve = (port: string) => runServe(cli, ['--dir', dir, '--webhook', receiver.url, '--port', port]);
    let server = await serve('0');
    const port = new URL(server.url).port;
    const ids = Array.from({ length: 8 }, (_, n) => idOf(n));
    let requests = 0;
    const client = new Client(request => {
      requests++;
      return fetch(request);
    }, server.endpoint);
    const recorded = (async () => {
      for (const id of ids) await record(client, id);
    })();
    for (let kill = 1; kill <= 3; kill++) {
      await until(() => requests >= kill * 13, 'requests');
      // Into the middle of one, wherever that is.
      await new Promise(resolve => setTimeout(resolve, Math.random() * 8));
      server.process.kill('SIGKILL');
      await server.ended;
      if (kill === 1) await receiver.stop();
      if (kill === 3) await receiver.start();
      server = await serve(port);
    }
    await recorded;
    // Nothing waits longer than a restart.
    server.process.kill('SIGKILL');
    await server.ended;
    receiver.behave = answer(200);
    await serve(port);
    await until(() => ids.every(id => receiver.types(id).length >= 3), 'three events of each recording');
    for (const id of ids) expect(receiver.types(id)).toEqual(ALL);
    expect(new Set(receiver.received.map(({ event }) => event.id)).size).toBe(24);
    for (const { event, headers } of receiver.received) expect(headers['webhook-id']).toBe(event.id);
    // Five programs are started, one after another.
  }, 60_000);
});

describe('the webhook of the command line', () => {
  it('has its secret in a file or the environment, and shows neither it nor its own path', async () => {
    const receiver = await newReceiver();
    const file = join(await temporaryFolder(), 'secret');
    await writeFile(file, `${SECRET}\n`);
    const events = 'recording.completed,clip.completed';
    const hook = ['--webhook', receiver.url, '--webhook-secret-file', file, '--webhook-events', events];
    const run = await runServe(cli, ['--dir', await temporaryFolder(), ...hook]);
    await record(new Client(fetch, run.endpoint), idOf(1));
    await until(() => receiver.taken.length === 1, 'an event');
    expect(receiver.types(idOf(1))).toEqual(['recording.completed']);
    checkRequests(receiver);
    expect(run.out()).toContain(`webhook:    http://127.0.0.1:${receiver.port}\n`);
    expect(run.out() + run.err()).not.toMatch(/secret-path|whsec_/);
    const commandLine = await readFile(`/proc/${run.process.pid}/cmdline`, 'utf8');
    expect(commandLine).not.toContain('whsec_');
    run.process.kill('SIGTERM');
    expect(await run.ended).toBe(0);
  });

  it('is refused without a secret, or with one that is none, which is not shown', async () => {
    const start = async (): Promise<string> => {
      const run = runCli(cli, [
        'serve',
        '--port',
        '0',
        '--dir',
        await temporaryFolder(),
        '--webhook',
        'http://x/',
      ]);
      expect(await run.ended).toBe(2);
      return run.err();
    };
    expect(await start()).toContain(
      'expected a secret in STEADYREEL_WEBHOOK_SECRET, or --webhook-secret-file',
    );
    process.env.STEADYREEL_WEBHOOK_SECRET = 'whsec_do-not-show';
    const shown = await start();
    expect(shown).toContain('webhook.secret');
    expect(shown).not.toContain('do-not-show');
  });
});
