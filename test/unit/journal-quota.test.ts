/** How much room there is, from what the browser says and what was written since; and when that is little. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { bytesLeft, QuotaWatch, roomOf, Usage } from '../../src/journal/quota.ts';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

describe('bytesLeft', () => {
  it('counts what the browser does not count yet', () => {
    const before = { quota: 100, usage: 10 };
    expect(bytesLeft(before, { quota: 100, usage: 10 }, 30)).toBe(60);
    expect(bytesLeft(before, { quota: 100, usage: 55 }, 30)).toBe(45);
  });
});

describe('roomOf', () => {
  const rate = 312_500;
  it.each([
    ['plenty', 5 * GIB, 'ample'],
    ['five minutes and a bit', 301 * rate, 'ample'],
    ['less than five minutes', 299 * rate, 'low'],
    ['what is needed to finish', 4 * MIB + 8 * rate - 1, 'full'],
    ['nothing', -1, 'full'],
  ] as const)('%s', (_, left, room) => {
    expect(roomOf(left, 10 * GIB, rate)).toBe(room);
  });
  it('is not low on a small device as long as a tenth of its quota is left', () => {
    expect(roomOf(60 * MIB, 500 * MIB, rate)).toBe('ample');
    expect(roomOf(40 * MIB, 500 * MIB, rate)).toBe('low');
  });
});

describe('QuotaWatch', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('says what is left of what there was', async () => {
    vi.stubGlobal('navigator', { storage: { estimate: async () => ({ quota: GIB, usage: 0 }) } });
    const usage = new Usage();
    const watch = new QuotaWatch(usage);
    expect(await watch.look(1000)).toEqual({ left: GIB, room: 'ample' });
    usage.add(GIB - MIB);
    expect(await watch.look(1000)).toEqual({ left: MIB, room: 'full' });
    usage.remove(GIB / 2);
    expect((await watch.look(1000))?.room).toBe('ample');
  });
  it('says nothing where the browser does not', async () => {
    const estimate = async (): Promise<never> => Promise.reject(new TypeError('not here'));
    vi.stubGlobal('navigator', { storage: { estimate } });
    expect(await new QuotaWatch(new Usage()).look(1000)).toBeUndefined();
  });
});
