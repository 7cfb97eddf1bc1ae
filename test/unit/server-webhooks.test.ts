/** Events arrive: a real server, and receivers that are away, slow, wrong or dead for a while. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createStorageHandler, type WebhookEvent, type WebhookOptions } from '../../src/server/index.ts';
import { Client, filePath, ID, newStorage, noise, OTHER_ID, temporaryFolder, until } from './server-kit.ts';
import {
  answer,
  type Behave,
  breakOff,
  checkRequests,
  hang,
  hasty,
  manifestOf,
  newReceiver,
  OTHER_SECRET,
  record,
  SECRET,
  signatureOf,
  TestReceiver,
} from './webhook-kit.ts';

const ALL = ['recording.started', 'recording.file', 'recording.completed'];

type Hooks = {
  webhook?: WebhookOptions | WebhookOptions[];
  dir?: string;
  onEvent?: (event: WebhookEvent) => void;
};

const newHooked = async (hooks: Hooks) => {
  const told: { code: string; message: string }[] = [];
  const storage = await newStorage({ ...hooks, onWebhookError: error => told.push(error) });
  onTestFinished(() => storage.handler.webhooks?.close(0));
  const { webhooks } = storage.handler;
  if (webhooks === undefined) throw new Error('There are no webhooks.');
  return { ...storage, webhooks, told, codes: () => told.map(({ code }) => code) };
};

const pending = async (dir: string, webhook = 'default'): Promise<string[]> =>
  readdir(join(dir, '.webhooks', 'pending', webhook)).catch(() => []);

describe('a recording', () => {
  it('is told of as it goes, in order, once, signed', async () => {
    const receiver = await newReceiver();
    const { client, dir, faults, told } = await newHooked({ webhook: hasty(receiver) });
    await record(client);
    await until(() => receiver.taken.length >= 3, 'three events');
    await until(async () => (await pending(dir)).length === 0, 'an empty outbox');
    expect(receiver.received.map(({ event }) => event.type)).toEqual(ALL);
    checkRequests(receiver);
    const [started, file, completed] = receiver.received.map(({ event }) => event.data);
    expect(started).toMatchObject({
      recordingId: ID,
      prefix: '',
      manifestKey: `recordings/${ID}/manifest.json`,
    });
    expect(started?.recording).toMatchObject({ id: ID, state: 'recording', fileCount: 0 });
    expect(file?.file).toEqual(manifestOf('recording', 1).files[0]);
    expect(completed?.recording).toMatchObject({ state: 'complete', duration: 1, fileCount: 1, bytes: 1000 });
    expect(completed?.files).toEqual(manifestOf('complete', 1).files);
    expect([faults, told]).toEqual([[], []]);
  });

  it('is not told of again when its manifest is stored again, also by a server that was started anew', async () => {
    const receiver = await newReceiver();
    const { client, dir, webhooks } = await newHooked({ webhook: hasty(receiver) });
    await record(client);
    await until(() => receiver.taken.length === 3, 'three events');
    await client.putManifest(ID, manifestOf('complete', 1));
    await webhooks.close(0);
    const next = await newHooked({ webhook: hasty(receiver), dir });
    await next.client.putManifest(ID, manifestOf('complete', 1));
    await next.client.putManifest(OTHER_ID, manifestOf('recording', 0, { id: OTHER_ID }));
    await until(() => receiver.types(OTHER_ID).length === 1, 'the event after those that must not come');
    expect(receiver.received).toHaveLength(4);
  });

  it('has its files told of when both the file and its facts are there, whichever comes first', async () => {
    const receiver = await newReceiver();
    const { client, webhooks } = await newHooked({ webhook: hasty(receiver) });
    const files = () => receiver.taken.flatMap(({ event }) => event.data.file?.index ?? []);
    // The facts first.
    await client.putManifest(ID, manifestOf('recording', 2, { open: 1 }));
    await webhooks.deliver();
    expect(receiver.types()).toEqual(['recording.started']);
    await client.upload(noise(1000), ID, '0001.mp4');
    await until(() => files().length === 1, 'the first file');
    // The file first.
    await client.upload(noise(1000), ID, '0002.mp4');
    await webhooks.deliver();
    expect(files()).toEqual([1]);
    await client.putManifest(ID, manifestOf('recording', 2));
    await until(() => files().length === 2, 'the second file');
    expect(files()).toEqual([1, 2]);
  });

  it('that fails and is recovered is told of as both, and a clip as a clip', async () => {
    const receiver = await newReceiver();
    const { client } = await newHooked({ webhook: hasty(receiver) });
    const error = { code: 'storage-unavailable', message: 'away' };
    await client.putManifest(ID, manifestOf('failed', 1, { open: 1, error }));
    await client.upload(noise(1000));
    await client.putManifest(ID, manifestOf('recording', 1));
    await client.putManifest(ID, manifestOf('recovered', 1));
    await client.upload(noise(1000), OTHER_ID);
    await client.putManifest(OTHER_ID, manifestOf('complete', 1, { id: OTHER_ID, kind: 'clip' }));
    await until(() => receiver.taken.length === 5, 'five events');
    expect(receiver.types().sort()).toEqual(
      ['recording.started', 'recording.failed', 'recording.file', 'recording.recovered'].sort(),
    );
    expect(receiver.types(OTHER_ID)).toEqual(['clip.completed']);
    const failed = receiver.taken.find(({ event }) => event.type === 'recording.failed');
    expect(failed?.event.data.recording.error).toEqual(error);
  });

  it('of a user is told of with the prefix, and is another one than that of another user', async () => {
    const receiver = await newReceiver();
    const dir = await temporaryFolder();
    const handler = createStorageHandler({
      dir,
      authorize: request => ({ prefix: `users/${request.headers.get('authorization')}` }),
      webhook: hasty(receiver),
    });
    onTestFinished(() => handler.webhooks?.close(0));
    for (const user of ['ann', 'bob']) {
      await new Client(handler, undefined, { Authorization: user }).putManifest(
        ID,
        manifestOf('recording', 0),
      );
    }
    await until(() => receiver.taken.length === 2, 'two events');
    expect(receiver.taken.map(({ event }) => event.data.prefix).sort()).toEqual(['users/ann', 'users/bob']);
    expect(new Set(receiver.taken.map(({ event }) => event.id)).size).toBe(2);
  });
});

describe('a receiver', () => {
  it('that is away gets everything when it is back, in order, and somebody is told once', async () => {
    const receiver = await newReceiver();
    await receiver.stop();
    const { client, dir, told } = await newHooked({ webhook: hasty(receiver) });
    await record(client);
    await record(client, OTHER_ID);
    await until(() => told.length > 0, 'the first failure');
    expect(await pending(dir)).toHaveLength(6);
    await receiver.start();
    await until(() => receiver.taken.length >= 6, 'six events');
    expect([receiver.types(), receiver.types(OTHER_ID)]).toEqual([ALL, ALL]);
    expect(told.map(({ code }) => code)).toEqual(['webhook-failing']);
    // Its address may hold a secret beyond the origin.
    expect(told[0]?.message).toContain(`127.0.0.1:${receiver.port}`);
    expect(told[0]?.message).not.toContain('secret-path');
  });

  it.each<[string, Behave, number?]>([
    ['fails', answer(500)],
    ['has too much to do', answer(429)],
    ['hangs', hang, 0.15],
    ['breaks off', breakOff],
  ])('that %s gets each event until it takes it, as the same one', async (_, behave, timeout = 10) => {
    const receiver = await newReceiver();
    const { client, dir } = await newHooked({ webhook: hasty(receiver, { timeout }) });
    receiver.behave = behave;
    await record(client);
    await until(() => receiver.received.length >= 3, 'three attempts');
    // Nothing else before the first one.
    expect(new Set(receiver.received.map(({ event }) => event.type))).toEqual(new Set(ALL.slice(0, 1)));
    receiver.behave = answer(200);
    await until(async () => (await pending(dir)).length === 0, 'an empty outbox');
    expect(receiver.types()).toEqual(ALL);
    checkRequests(receiver);
  });

  it('that redirects is not followed', async () => {
    const [receiver, other] = [await newReceiver(), await newReceiver()];
    receiver.behave = answer(307, { Location: other.url });
    const { client } = await newHooked({ webhook: hasty(receiver) });
    await client.putManifest(ID, manifestOf('recording', 0));
    await until(() => receiver.received.length >= 2, 'two attempts');
    expect(other.received).toEqual([]);
  });

  it('that can not take one event gets the others, of the same recording too', async () => {
    const receiver = await newReceiver();
    receiver.behave = (outgoing, { event }) =>
      answer(event.type === 'recording.file' ? 400 : 200)(outgoing, { event } as never);
    const { client, dir } = await newHooked({ webhook: hasty(receiver) });
    await record(client);
    await record(client, OTHER_ID);
    await until(() => receiver.taken.length >= 4, 'all but the files');
    expect(receiver.types()).toEqual(['recording.started', 'recording.completed']);
    await until(async () => (await pending(dir)).length === 2, 'nothing left but the files');
  });

  it('that is dead costs the others nothing', async () => {
    const [dead, alive] = [await newReceiver(), await newReceiver()];
    dead.behave = hang;
    const { client, dir } = await newHooked({
      webhook: [
        hasty(dead, { name: 'dead', timeout: 60 }),
        hasty(alive, { name: 'alive', events: ['recording.completed'] }),
      ],
    });
    const began = Date.now();
    await record(client);
    await until(() => alive.taken.length === 1, 'the event of the other one');
    expect(Date.now() - began).toBeLessThan(5000);
    expect(alive.types()).toEqual(['recording.completed']);
    await until(async () => (await pending(dir, 'alive')).length === 0, 'an empty outbox');
    expect(await pending(dir, 'dead')).toHaveLength(3);
  });

  it('that wants no more gets no more, until somebody says otherwise', async () => {
    const receiver = await newReceiver();
    receiver.behave = answer(410);
    const { client, dir, webhooks, codes } = await newHooked({ webhook: hasty(receiver) });
    await record(client);
    await until(async () => (await webhooks.undelivered()).length === 3, 'three events that were given up');
    expect([receiver.received.length, await pending(dir), codes()]).toEqual([1, [], ['webhook-given-up']]);
    receiver.behave = answer(200);
    expect(await webhooks.retry()).toBe(3);
    await until(() => receiver.taken.length === 3, 'three events');
    expect([receiver.types(), await webhooks.undelivered()]).toEqual([ALL, []]);
  });

  it('that does not come back in time loses nothing but time', async () => {
    const receiver = await newReceiver();
    receiver.behave = answer(500);
    const { client, webhooks, told } = await newHooked({ webhook: hasty(receiver, { giveUpAfter: 0.05 }) });
    await client.putManifest(ID, manifestOf('recording', 0));
    await until(async () => (await webhooks.undelivered()).length === 1, 'an event that was given up');
    const [undelivered] = await webhooks.undelivered();
    expect(undelivered).toMatchObject({
      ...{
        webhook: 'default',
        type: 'recording.started',
        recordingId: ID,
        reason: 'it answered with HTTP 500',
      },
      id: receiver.received[0]?.event.id,
    });
    expect(told.map(({ code }) => code)).toEqual(['webhook-failing', 'webhook-given-up']);
    receiver.behave = answer(200);
    expect(await webhooks.retry(['evt_another'])).toBe(0);
    expect(await webhooks.retry([undelivered?.id ?? ''])).toBe(1);
    await until(() => receiver.taken.length === 1, 'the event');
    checkRequests(receiver);
  });

  it('can be a function, which is called again when it throws', async () => {
    const events: WebhookEvent[] = [];
    const { client } = await newHooked({ onEvent: event => void events.push(event) });
    await record(client);
    await until(() => events.length === 3, 'three calls');
    expect(events.map(({ type }) => type)).toEqual(ALL);
    expect(events[2]?.data.recording.state).toBe('complete');
  });

  it('may have its secret changed: requests are signed with both', async () => {
    const receiver = await newReceiver();
    const { client } = await newHooked({ webhook: hasty(receiver, { secret: [OTHER_SECRET, SECRET] }) });
    await client.putManifest(ID, manifestOf('recording', 0));
    await until(() => receiver.taken.length === 1, 'an event');
    const [received] = receiver.taken;
    if (received === undefined) throw new Error('Nothing came.');
    expect(received.headers['webhook-signature']?.toString().split(' ')).toEqual(
      [OTHER_SECRET, SECRET].map(secret => signatureOf(secret, received)),
    );
  });
});

describe('nothing is lost', () => {
  it('when the server ends: the next one sends what is left, to where the receiver is now', async () => {
    const away = new TestReceiver();
    const { client, dir, webhooks } = await newHooked({
      webhook: { url: 'http://127.0.0.1:9/', secret: SECRET, firstDelay: 3600 },
    });
    await record(client);
    await webhooks.close(0);
    await away.start();
    onTestFinished(() => away.stop());
    // The delay of before counts no more.
    await newHooked({ webhook: hasty(away), dir });
    await until(() => away.taken.length >= 3, 'three events');
    expect(away.types()).toEqual(ALL);
  });

  it('when the server died after it had stored a manifest, and before it had written down what is new', async () => {
    const receiver = await newReceiver();
    const dir = await temporaryFolder();
    await mkdir(join(dir, ID));
    await writeFile(join(dir, ID, 'manifest.json'), JSON.stringify(manifestOf('complete', 1)));
    await writeFile(join(dir, ID, '0001.mp4'), noise(1000));
    await mkdir(join(dir, '.webhooks', 'changed'), { recursive: true });
    const note = JSON.stringify({ prefix: [], recordingId: ID, at: Date.now() });
    await writeFile(join(dir, '.webhooks', 'changed', `${ID}.x.json`), note);
    // Half written.
    await writeFile(join(dir, '.webhooks', 'changed', `.${ID}.y.json.tmp`), note.slice(0, 10));
    await newHooked({ webhook: hasty(receiver), dir });
    await until(() => receiver.taken.length === 3, 'three events');
    expect(receiver.types()).toEqual(ALL);
    expect(await readdir(join(dir, '.webhooks', 'changed'))).toEqual([`.${ID}.y.json.tmp`]);
  });

  it('as a note says so for as long as a manifest is being stored', async () => {
    const receiver = await newReceiver();
    const { client, dir } = await newHooked({ webhook: hasty(receiver) });
    const notes = () => readdir(join(dir, '.webhooks', 'changed')).catch(() => []);
    const sent = new TransformStream<Uint8Array, Uint8Array>();
    const answered = client.send('PUT', `/recordings/${ID}/manifest.json`, { body: sent.readable });
    await until(async () => (await notes()).length === 1, 'a note');
    const writer = sent.writable.getWriter();
    await writer.write(new TextEncoder().encode(JSON.stringify(manifestOf('recording', 0))));
    await writer.close();
    expect((await answered).status).toBe(204);
    expect([await notes(), (await readdir(join(dir, '.webhooks'))).sort()]).toEqual([
      [],
      expect.arrayContaining(['told']),
    ]);
  });

  it('when it died before it had noted what it told: the same event comes again', async () => {
    const receiver = await newReceiver();
    const { client, dir } = await newHooked({ webhook: hasty(receiver) });
    await record(client);
    await until(() => receiver.taken.length === 3, 'three events');
    await rm(join(dir, '.webhooks', 'told'), { recursive: true });
    await client.putManifest(ID, manifestOf('complete', 1));
    await until(() => receiver.taken.length === 6, 'the same three again');
    expect(new Set(receiver.taken.map(({ event }) => event.id)).size).toBe(3);
  });

  it('of a recording that is deleted before its events were sent', async () => {
    const receiver = await newReceiver();
    await receiver.stop();
    const { client, dir } = await newHooked({ webhook: hasty(receiver) });
    await record(client);
    expect((await client.send('DELETE', `/recordings/${ID}`)).status).toBe(204);
    expect(await readdir(join(dir, '.webhooks', 'told'))).toEqual([]);
    await receiver.start();
    await until(() => receiver.taken.length >= 3, 'three events');
    expect(receiver.types()).toEqual(ALL);
  });
});

describe('recordings go on', () => {
  it('when the outbox can not be written, and what there is to tell is told later', async () => {
    const receiver = await newReceiver();
    const dir = await temporaryFolder();
    // No folder can be made here.
    await writeFile(join(dir, '.webhooks'), '');
    const { client, codes, faults, webhooks } = await newHooked({ webhook: hasty(receiver), dir });
    await record(client);
    expect(await client.bytes(filePath())).toHaveLength(1000);
    expect([faults, new Set(codes())]).toEqual([[], new Set(['webhook-outbox-failed'])]);
    await rm(join(dir, '.webhooks'));
    // As it does by itself after a minute.
    await webhooks.deliver();
    await until(() => receiver.taken.length === 3, 'three events');
    expect(receiver.types()).toEqual(ALL);
  });

  it('and no page can read what is kept of webhooks', async () => {
    const receiver = await newReceiver();
    await receiver.stop();
    const { client, dir } = await newHooked({ webhook: hasty(receiver) });
    await client.putManifest(ID, manifestOf('recording', 0));
    const [name] = await pending(dir);
    expect(await readFile(join(dir, '.webhooks', 'pending', 'default', name ?? ''), 'utf8')).toContain(
      'evt_',
    );
    expect((await client.send('GET', `/.webhooks/pending/default/${name}`)).status).toBe(404);
    expect(await client.list()).toEqual([ID]);
  });
});
