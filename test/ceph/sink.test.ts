/** The uploader of `s3()`: what is in the store in the end is what was recorded, whatever happens on the way. */
import { describe, expect, it, vi } from 'vitest';
import { grow, keptFile } from '../unit/storage-kit.ts';
import { isWithoutCeph, MIB_5, noise } from './kit.ts';
import { broken, disturb, type Fault, isPart, newUpload } from './sink-kit.ts';

const BYTES = noise(3 * MIB_5 + 1_234_567);

/** Numbers from 0 to 1, the same for the same seed. */
const randomBy = (seed: number) => {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
};

/** How long a step may take; milliseconds. */
const PATIENCE = { timeout: 10_000 };

describe.skipIf(isWithoutCeph)('s3()', () => {
  it('stores a file while it grows', async () => {
    const { open, signal, check, troubles } = await newUpload();
    const file = keptFile();
    const sent = disturb(() => undefined);
    await Promise.all([open().store(file, signal), grow(file, BYTES, 700_001)]);
    await check(file, BYTES);
    expect(sent.filter(line => line.startsWith('PUT part')).sort()).toEqual(
      [1, 2, 3, 4].map(part => `PUT part ${part}`),
    );
    expect(troubles).toEqual([]);
  });

  it('stores a file that is smaller than a part, and one of exactly two', async () => {
    for (const bytes of [noise(17), noise(2 * MIB_5)]) {
      const { open, signal, check } = await newUpload();
      const file = keptFile();
      await Promise.all([open().store(file, signal), grow(file, bytes, MIB_5)]);
      await check(file, bytes);
    }
  });

  it.each([1, 2, 3])('30 of 100 requests fail, are cut off or their answers lost: seed %i', async seed => {
    const random = randomBy(seed);
    const { open, signal, check, troubles } = await newUpload();
    const faults: Fault[] = [
      { before: async () => new Response('busy', { status: 500 }) },
      { before: async () => broken() },
      { after: async () => broken() },
    ];
    disturb(() => (random() < 0.3 ? faults[Math.floor(random() * 3)] : undefined));
    const files = [keptFile(1), keptFile(2)];
    const pieces = [BYTES, noise(MIB_5 + seed)];
    const sink = open();
    await Promise.all(
      files.flatMap((file, i) => [sink.store(file, signal), grow(file, pieces[i] ?? BYTES, 900_000)]),
    );
    vi.unstubAllGlobals();
    // An upload whose beginning was not heard of stays until the store's lifecycle rule ends it.
    for (const [i, file] of files.entries()) await check(file, pieces[i] ?? BYTES, false);
    expect(troubles.length).toBeGreaterThan(0);
  });

  it('signs anew when a signature has expired meanwhile', async () => {
    const { open, signal, check, troubles } = await newUpload({ expiresIn: 1 });
    let puts = 0;
    const late: Fault = {
      before: async () => {
        await new Promise(resolve => setTimeout(resolve, 2_100));
        return undefined;
      },
    };
    disturb(url => (isPart(url) && puts++ === 0 ? late : undefined));
    const file = keptFile();
    await Promise.all([open().store(file, signal), grow(file, BYTES, MIB_5)]);
    await check(file, BYTES);
    expect(troubles.some(detail => detail.includes('HTTP 403'))).toBe(true);
  });

  it('goes on after a crash from the parts that are there', async () => {
    const { open, signal, check, controller, uploads, stored } = await newUpload();
    const before = keptFile();
    const first = open()
      .store(before, signal)
      .catch(() => 'crashed');
    for (let at = 0; at < BYTES.length; at += 1_000_000) before.append(BYTES.slice(at, at + 1_000_000));
    await expect.poll(() => stored.get(before.key) ?? 0, PATIENCE).toBeGreaterThanOrEqual(2 * MIB_5);
    controller.abort(new Error('crash'));
    expect(await first).toBe('crashed');
    const sent = disturb(() => undefined);
    const after = keptFile();
    after.upload = uploads.get(before.key);
    await grow(after, BYTES, MIB_5);
    await open().store(after, new AbortController().signal);
    await check(after, BYTES);
    expect(sent.filter(line => line.startsWith('PUT part')).length).toBeLessThanOrEqual(2);
    expect(sent).toContain('PUT part 4');
  });

  it('finds a file finished whose last answer was lost with the tab', async () => {
    const { open, signal, check, uploads } = await newUpload();
    const before = keptFile();
    await Promise.all([open().store(before, signal), grow(before, BYTES, MIB_5)]);
    const after = keptFile();
    after.upload = uploads.get(before.key);
    await grow(after, BYTES, MIB_5);
    const sent = disturb(() => undefined);
    await open().store(after, signal);
    await check(after, BYTES);
    expect(sent.some(line => line.startsWith('PUT part'))).toBe(false);
  });

  it('does not take another file of that name for its own', async () => {
    const { open, signal } = await newUpload();
    const first = keptFile();
    await Promise.all([open().store(first, signal), grow(first, BYTES, MIB_5)]);
    const other = keptFile();
    await grow(other, noise(BYTES.length), MIB_5);
    await expect(open().store(other, signal)).rejects.toMatchObject({ code: 'storage-rejected' });
  });

  it('begins anew when the upload was ended by somebody else', async () => {
    const { open, signal, check, page, uploads } = await newUpload();
    const file = keptFile();
    const storing = open().store(file, signal);
    const sent = disturb(() => undefined);
    file.append(BYTES.slice(0, 2 * MIB_5));
    await expect.poll(() => sent.filter(line => line.startsWith('PUT part')).length, PATIENCE).toBe(2);
    await page.send('DELETE', `/${file.key}/upload?uploadId=${uploads.get(file.key)?.uploadId}`);
    await Promise.all([storing, grow(file, BYTES.slice(2 * MIB_5), MIB_5)]);
    await check(file, BYTES);
  });

  it('puts a part again that the store has otherwise', async () => {
    const { open, signal, check, page, uploads } = await newUpload();
    const file = keptFile();
    const storing = open().store(file, signal);
    const sent = disturb(() => undefined);
    file.append(BYTES.slice(0, MIB_5));
    await expect.poll(() => sent.filter(line => line === 'PUT part 1').length, PATIENCE).toBe(1);
    const uploadId = String(uploads.get(file.key)?.uploadId);
    await page.put(uploadId, 1, noise(MIB_5), `/${file.key}`);
    await Promise.all([storing, grow(file, BYTES.slice(MIB_5), MIB_5)]);
    await check(file, BYTES);
  });

  it('never has more parts in memory than lanes', async () => {
    const { open, signal, check } = await newUpload();
    let [now, most] = [0, 0];
    disturb(url => {
      if (!isPart(url)) return undefined;
      most = Math.max(most, ++now);
      const done = async (response: Response): Promise<Response> => {
        await new Promise(resolve => setTimeout(resolve, 100));
        now--;
        return response;
      };
      return { after: done };
    });
    const files = [1, 2, 3, 4].map(index => keptFile(index));
    const sink = open();
    await Promise.all(files.flatMap(file => [sink.store(file, signal), grow(file, BYTES, 10 * MIB_5)]));
    for (const file of files) await check(file, BYTES);
    expect(most).toBe(3);
  });
});
