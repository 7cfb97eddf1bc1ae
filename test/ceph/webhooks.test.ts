/** Events of recordings in a bucket: handlers that keep no state tell of them, each once, whichever of them is asked. */
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createS3Handler } from '../../src/server/s3/index.ts';
import { until } from '../unit/server-kit.ts';
import {
  answer,
  checkRequests,
  hasty,
  manifestOf,
  newReceiver,
  type TestReceiver,
} from '../unit/webhook-kit.ts';
import { ID, isWithoutCeph, newS3, noise, Page } from './kit.ts';

const ALL = ['recording.started', 'recording.file', 'recording.completed'];

/** Tests share the bucket: each has an outbox of its own. */
const hookTo = (receiver: TestReceiver) => ({
  webhook: hasty(receiver, { name: `t${randomUUID().slice(0, 8)}` }),
});

/** What a recorder asks for. Every request goes to the next one of the pages, as behind a balancer. */
const record = async (...pages: Page[]): Promise<void> => {
  let turn = 0;
  const next = (): Page => pages[turn++ % pages.length] as Page;
  expect((await next().putManifest(ID, manifestOf('recording', 0))).status).toBe(204);
  expect((await next().putManifest(ID, manifestOf('recording', 1))).status).toBe(204);
  await next().uploadParts([noise(1000)]);
  expect((await next().putManifest(ID, manifestOf('complete', 1))).status).toBe(204);
};

describe.skipIf(isWithoutCeph)('webhooks of the S3 handler', () => {
  it('tell of a recording as it goes, though its requests go to different copies', async () => {
    const receiver = await newReceiver();
    const { handler, make, faults, bucket } = newS3(hookTo(receiver));
    await record(new Page(handler), new Page(make()));
    await until(() => receiver.taken.length >= 3, 'three events');
    expect(receiver.types()).toEqual(ALL);
    checkRequests(receiver);
    expect(receiver.taken[0]?.event.data.prefix).toMatch(/^test-/);
    expect(faults).toEqual([]);
    // Nothing lies among the user's files.
    expect(await bucket.files()).toEqual([`recordings/${ID}/0001.mp4`, `recordings/${ID}/manifest.json`]);
  });

  it('that a receiver did not take are sent by whichever copy is asked to later, in order', async () => {
    const receiver = await newReceiver();
    receiver.behave = answer(500);
    const hook = { ...hookTo(receiver), onWebhookError: () => undefined };
    const { page, make } = newS3(hook);
    await record(page);
    await until(() => receiver.received.length > 0, 'an attempt');
    receiver.behave = answer(200);
    const { webhooks } = make();
    // The first copy may still be about to try what came last.
    await until(async () => {
      await webhooks?.deliver();
      return receiver.taken.length >= 3;
    }, 'three events');
    expect(receiver.types()).toEqual(ALL);
    checkRequests(receiver);
    expect(await webhooks?.deliver()).toEqual({ delivered: 0, failed: 0 });
  });

  it('let a request be answered before what it changed is told, where the runtime goes on', async () => {
    const receiver = await newReceiver();
    const works: Promise<unknown>[] = [];
    const requests: Request[] = [];
    const { page } = newS3({
      ...hookTo(receiver),
      waitUntil: (work, request) => {
        works.push(work);
        requests.push(request);
      },
    });
    await page.putManifest(ID, manifestOf('recording', 0));
    expect(requests.map(({ method }) => method)).toEqual(['PUT']);
    await Promise.all(works);
    expect(receiver.types()).toEqual(['recording.started']);
  });

  it('are found when the copy that stored a manifest died before it had told of it', async () => {
    const receiver = await newReceiver();
    const hook = hookTo(receiver);
    const { page, make, bucket, prefix, ceph } = newS3(hook);
    // Only the manifest and the note are there: a handler that tells nobody stores the one, this test the other.
    const { endpoint, region, bucket: name, accessKeyId, secretAccessKey } = ceph;
    const credentials = { accessKeyId, secretAccessKey };
    const silent = createS3Handler({
      ...{ endpoint, region, bucket: name, credentials, authorize: () => ({ prefix }) },
    });
    await new Page(silent).putManifest(ID, manifestOf('complete', 0));
    const note = { prefix: [prefix], recordingId: ID, at: Date.now() - 61_000 };
    const path = `/.webhooks/changed/${ID}.${randomUUID()}.json`;
    expect((await bucket.fetch(path, { method: 'PUT', body: JSON.stringify(note) })).status).toBe(200);
    await make().webhooks?.deliver();
    expect(receiver.types()).toEqual(['recording.started', 'recording.completed']);
    expect((await bucket.fetch(path)).status).toBe(404);
    // It was told: not again by the next one.
    await page.putManifest(ID, manifestOf('complete', 0));
    expect(receiver.taken).toHaveLength(2);
  });
});
