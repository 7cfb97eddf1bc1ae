/** A store that fails, on a Ceph of its own with three copies of each object: parts of it are ended and started again. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ceph, startCeph } from '../support/ceph.ts';
import { keptFile } from '../unit/storage-kit.ts';
import { errorCode, isWithoutCeph, MIB_5, newS3, noise, putPart, wanted } from './kit.ts';
import { disturb, isPart, newUpload } from './sink-kit.ts';

describe.skipIf(isWithoutCeph)('a store that fails', () => {
  let ceph: Ceph;
  beforeAll(async () => {
    ceph = await startCeph({ osds: 3, size: 3 });
  }, 60_000);
  afterAll(() => ceph?.stop());

  it('is said to be unavailable while its gateway is, and taken up again after', async () => {
    const { page, faults } = newS3({}, ceph);
    const bytes = noise(10);
    const uploadId = await page.begin();
    const etag = await page.put(uploadId, 1, bytes);
    await ceph.killGateway();
    const down = await page.complete(uploadId, 10, [{ number: 1, etag }]);
    expect([down.status, down.headers.get('retry-after')]).toEqual([503, '2']);
    expect(await errorCode(down)).toBe('store-unavailable');
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatchObject({ code: 'store-failed', operation: 'HeadObject' });
    // It comes back while the handler is still trying.
    const [answer] = await Promise.all([untilAnswered(() => page.stored(uploadId)), ceph.startGateway()]);
    expect(answer.status).toBe(200);
    expect((await page.complete(uploadId, 10, [{ number: 1, etag }])).status).toBe(200);
    expect(await page.read()).toEqual(bytes);
  });

  it('loses nothing when one of its stores dies in the middle of an upload', async () => {
    const { page } = newS3({}, ceph);
    const pieces = [noise(MIB_5), noise(MIB_5), noise(9)];
    const uploadId = await page.begin();
    const parts: { number: number; etag: string | null }[] = [];
    for (const [index, bytes] of pieces.entries()) {
      if (index === 1) await ceph.killOsd(0);
      const [signed] = await page.addresses(uploadId, [wanted(index + 1, bytes)]);
      const put = await untilAnswered(() => putPart(signed, bytes));
      parts.push({ number: index + 1, etag: put.headers.get('etag') });
    }
    await ceph.startOsd(0);
    const size = 2 * MIB_5 + 9;
    expect((await untilAnswered(() => page.complete(uploadId, size, parts))).status).toBe(200);
    expect(Buffer.from(await page.read()).equals(Buffer.concat(pieces))).toBe(true);
  }, 60_000);

  it('has all of a file that grew while a store and the gateway died five times', async () => {
    const { open, signal, check, troubles, stored } = await newUpload({}, ceph);
    const file = keptFile();
    let onPart = (): void => undefined;
    disturb(url => {
      if (isPart(url)) onPart();
      return undefined;
    });
    const partIsSent = () =>
      new Promise<void>(resolve => {
        onPart = resolve;
      });
    const storing = open().store(file, signal);
    const recording = record(file);
    const storedIs = (bytes: number) =>
      expect.poll(() => stored.get(file.key) ?? 0, { timeout: 30_000 }).toBeGreaterThanOrEqual(bytes);
    for (let round = 0; round < 5; round++) {
      const before = stored.get(file.key) ?? 0;
      // Always the same one: the others have all of it, so that nothing has to wait until it has come back and caught up.
      await ceph.killOsd(0);
      await partIsSent();
      await ceph.killGateway();
      await Promise.all([ceph.startGateway(), ceph.startOsd(0)]);
      await storedIs(before + MIB_5);
    }
    const bytes = await recording.stop();
    await storing;
    await check(file, bytes);
    expect(troubles.length).toBeGreaterThan(0);
  }, 120_000);
});

/** Appends 12 Mbit/s to a file until it is told to stop; resolves to all of it then. */
const record = (file: ReturnType<typeof keptFile>) => {
  const pieces: Uint8Array[] = [];
  const timer = setInterval(() => {
    const piece = noise(150_000);
    pieces.push(piece);
    file.append(piece);
  }, 100);
  return {
    stop: async (): Promise<Uint8Array> => {
      clearInterval(timer);
      await file.seal();
      return Buffer.concat(pieces);
    },
  };
};

/** Asks until the answer is one of a store that works. */
const untilAnswered = async (ask: () => Promise<Response>): Promise<Response> => {
  for (let tries = 0; ; tries++) {
    const response = await ask().catch(() => undefined);
    if (response !== undefined && response.status < 500) return response;
    if (tries === 20) throw new Error(`The store does not come back: ${response?.status}`);
  }
};
