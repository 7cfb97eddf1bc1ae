/** S3 parts over an uplink on which one takes longer than patience does: what only the browser knows of their way. */
import { expect, inject, test } from 'vitest';
import { S3Sink } from '../../src/storage/s3/sink.ts';

const MIB = 1024 ** 2;

/** Stores a file of one part, with `stop()` just before it is sent; `took` counts from there, in milliseconds. */
const store = async (kind: string, bytes: number, giveUpAfter: number, signal?: AbortSignal) => {
  let asked = 0;
  let stoppedAt: number | undefined;
  const [stored, troubles]: [number[], string[]] = [[], []];
  const endpoint = `${inject('slowStore')}/${kind}/storage`;
  const sink = new S3Sink(
    { kind: 's3', endpoint, headers: 'asked', partBytes: bytes, lanes: 1, giveUpAfter },
    {
      onStored: (_, upTo) => stored.push(upTo),
      onTrouble: detail => troubles.push(detail),
      onUpload: () => undefined,
      stoppedAt: () => stoppedAt,
      // First for the upload, then for an address of the part, whose digest has taken its time.
      ask: async () => {
        if (++asked === 2) stoppedAt = performance.now();
        return {};
      },
    },
  );
  const file = {
    ...{ key: 'recordings/0192d3b0-0000-7000-8000-000000000001/0001.mp4', size: bytes, sealed: true },
    read: async (_: number, length: number) => new Uint8Array(length),
    waitFor: async () => undefined,
    release: () => undefined,
  };
  const error = await sink.store(file, signal ?? new AbortController().signal).catch(thrown => thrown);
  return { error, stored, troubles, took: performance.now() - (stoppedAt ?? Number.NaN) };
};

test.concurrent('a part that moves is not given up, and its answer is the store’s', async () => {
  // What the sockets' buffers hold, some 4 MiB, is gone before that as well.
  const { error, stored, took } = await store('1600000', 12 * MIB, 4);
  expect(error).toBeUndefined();
  expect(stored).toEqual([12 * MIB]);
  expect(took).toBeGreaterThan(5_000);
});

test.concurrent('a store that takes all of a part and then does not want it is given up', async () => {
  const { error, stored, troubles, took } = await store('busy', MIB, 2);
  expect(error).toMatchObject({ code: 'storage-unreachable' });
  expect(troubles.filter(detail => detail.startsWith('HTTP 503')).length).toBeGreaterThan(0);
  expect(stored).toEqual([]);
  expect(took).toBeLessThan(15_000);
});

test.concurrent('an abort ends a part that is on its way', async () => {
  const controller = new AbortController();
  const storing = store('100000', MIB, 30, controller.signal);
  setTimeout(() => controller.abort(new Error('thrown away')), 500);
  const { error, took } = await storing;
  expect(error).toMatchObject({ message: 'thrown away' });
  expect(took).toBeLessThan(3_000);
});
