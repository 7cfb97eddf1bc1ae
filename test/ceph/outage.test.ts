/** A store that fails, on a Ceph of its own: parts of it are ended and started again. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ceph, startCeph } from '../support/ceph.ts';
import { errorCode, isWithoutCeph, MIB_5, newS3, noise, putPart, wanted } from './kit.ts';

describe.skipIf(isWithoutCeph)('a store that fails', () => {
  let ceph: Ceph;
  beforeAll(async () => {
    ceph = await startCeph({ osds: 2, size: 2 });
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
});

/** Asks until the answer is one of a store that works. */
const untilAnswered = async (ask: () => Promise<Response>): Promise<Response> => {
  for (let tries = 0; ; tries++) {
    const response = await ask().catch(() => undefined);
    if (response !== undefined && response.status < 500) return response;
    if (tries === 20) throw new Error(`The store does not come back: ${response?.status}`);
  }
};
