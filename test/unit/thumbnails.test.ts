/** When thumbnails are due, where tiles lie, what the index says, and what waits for the storage. */
import { describe, expect, it } from 'vitest';
import { fitInto, placeOf, sheetSize, TILES, thumbnailSize, tileSize } from '../../src/thumbnails/layout.ts';
import { Schedule, spacingAfter } from '../../src/thumbnails/schedule.ts';
import { StoreQueue } from '../../src/thumbnails/store-queue.ts';
import { Index, type Sheet, timestamp } from '../../src/thumbnails/vtt.ts';

const SECOND = 1_000_000;

describe('when they are due', () => {
  const takenOf = (times: readonly number[], interval: number): number[] => {
    const schedule = new Schedule(interval);
    return times.filter(time => {
      if (!schedule.isDue(time)) return false;
      schedule.take(time);
      return true;
    });
  };

  it('at the first frame, and at the first at or after each interval', () => {
    const frames = Array.from({ length: 100 }, (_, i) => Math.round((i * SECOND) / 30));
    expect(takenOf(frames, SECOND)).toEqual([0, SECOND, 2 * SECOND, 3 * SECOND]);
    const late = frames.map(time => time + 10_000);
    expect(takenOf(late, SECOND)).toEqual([10_000, 1_010_000, 2_010_000, 3_010_000]);
  });

  it('after a gap once, and then on the grid again', () => {
    expect(
      takenOf(
        [0, 0.5, 7.25, 7.5, 8, 8.5, 9.1].map(s => s * SECOND),
        SECOND,
      ),
    ).toEqual([0, 7.25, 8, 9.1].map(s => s * SECOND));
  });

  it('further apart in a recording of weeks', () => {
    expect([0, 9_998, 9_999].map(n => spacingAfter(n, 10))).toEqual([10, 10, 10]);
    expect([10_000, 14_999, 15_000, 20_000].map(n => spacingAfter(n, 10))).toEqual([20, 20, 40, 80]);
    let [time, count] = [0, 0];
    for (; time < 30 * 86_400; count++) time += spacingAfter(count, 10);
    expect(count).toBeLessThan(35_000);
  });
});

describe('sizes', () => {
  it.each([
    ['a large picture is made smaller', [1920, 1080], [320, 180]],
    ['a small one is not enlarged', [200, 120], [200, 120]],
    ['a tall one is as wide', [1080, 1920], [320, 569]],
    ['one like a pole gets narrower', [100, 2000], [40, 800]],
    ['one like a thread has a pixel', [10_000, 10], [320, 1]],
  ] as const)('%s', (_, [width, height], [w, h]) => {
    expect(thumbnailSize({ width, height }, 320)).toEqual({ width: w, height: h });
  });

  it('a tile has the shape of the first thumbnail, and no side longer than 160', () => {
    expect(tileSize({ width: 320, height: 180 })).toEqual({ width: 160, height: 90 });
    expect(tileSize({ width: 320, height: 569 })).toEqual({ width: 90, height: 160 });
    expect(tileSize({ width: 64, height: 48 })).toEqual({ width: 160, height: 120 });
  });
});

describe('a sheet', () => {
  const tile = { width: 160, height: 90 };

  it('has its tiles beside and below each other: none overlaps another, none lies outside', () => {
    const places = Array.from({ length: TILES }, (_, i) => placeOf(i, tile));
    const sheet = sheetSize(TILES, tile);
    expect(sheet).toEqual({ width: 800, height: 450 });
    expect(new Set(places.map(({ x, y }) => `${x},${y}`)).size).toBe(TILES);
    for (const { x, y, width, height } of places) {
      expect([x % tile.width, y % tile.height, width, height]).toEqual([0, 0, 160, 90]);
      expect(x + width <= sheet.width && y + height <= sheet.height).toBe(true);
    }
    expect(places.slice(0, 6).map(({ x, y }) => [x, y])).toEqual([
      ...[0, 160, 320, 480, 640].map(x => [x, 0]),
      [0, 90],
    ]);
  });

  it('that is not full has only the rows that it needs', () => {
    expect([1, 5, 6, 24].map(tiles => sheetSize(tiles, tile).height)).toEqual([90, 90, 180, 450]);
  });

  it('shows the whole of a picture of another shape, in the middle of its tile', () => {
    const box = placeOf(6, tile);
    expect(fitInto({ width: 320, height: 180 }, box)).toEqual(box);
    expect(fitInto({ width: 320, height: 569 }, box)).toEqual({ x: 214, y: 90, width: 51, height: 90 });
    expect(fitInto({ width: 320, height: 60 }, box)).toEqual({ x: 160, y: 120, width: 160, height: 30 });
  });
});

const vttOf = (sheets: readonly Sheet[], tile: { width: number; height: number }, last: number): string => {
  const index = new Index();
  for (const sheet of sheets) index.add(sheet);
  return index.text(tile, last);
};

describe('the index', () => {
  const tile = { width: 160, height: 90 };
  const key = (number: number): string => `recordings/x/sprite-000${number}.jpg`;

  it('says which part of which sheet is shown when, up to the end', () => {
    const sheets = [
      { key: key(1), times: [0, 10_033_333], end: 20 * SECOND },
      { key: key(2), times: [20 * SECOND] },
    ];
    expect(vttOf(sheets, tile, 24_500_000)).toBe(`WEBVTT

00:00:00.000 --> 00:00:10.033
sprite-0001.jpg#xywh=0,0,160,90

00:00:10.033 --> 00:00:20.000
sprite-0001.jpg#xywh=160,0,160,90

00:00:20.000 --> 00:00:24.500
sprite-0002.jpg#xywh=0,0,160,90
`);
  });

  it('shows nothing for the time of a sheet that was not stored', () => {
    const sheets = [
      { key: key(1), times: [0], end: 10 * SECOND },
      { key: key(3), times: [20 * SECOND] },
    ];
    expect(vttOf(sheets, tile, 0).match(/^.* --> .*$/gm)).toEqual([
      '00:00:00.000 --> 00:00:10.000',
      '00:00:20.000 --> 00:00:20.001',
    ]);
  });

  it('grows with what is added, whatever was asked for before', () => {
    const index = new Index();
    const sheets: Sheet[] = [1, 2, 3].map(n => ({ key: key(n), times: [n * SECOND] }));
    for (const [i, sheet] of sheets.entries()) {
      const before = sheets[i - 1];
      if (before) before.end = sheet.times[0];
      index.add(sheet);
      expect(index.text(tile, 9 * SECOND)).toBe(vttOf(sheets.slice(0, i + 1), tile, 9 * SECOND));
    }
  });

  it('tells times of many hours', () => {
    expect(timestamp(36_123_456_789)).toBe('10:02:03.457');
    expect(timestamp(360_000 * SECOND)).toBe('100:00:00.000');
    expect(timestamp(59_999_600)).toBe('00:01:00.000');
  });
});

describe('what waits for the storage', () => {
  it('is stored one after another, in order', async () => {
    const queue = new StoreQueue();
    const done: string[] = [];
    let running = 0;
    for (const name of ['a', 'b', 'c'])
      queue.add(10, 100, async () => {
        expect(++running).toBe(1);
        await Promise.resolve();
        running--;
        done.push(name);
      });
    expect(queue.bytes).toBe(30);
    await queue.settled();
    expect(done).toEqual(['a', 'b', 'c']);
    expect(queue.bytes).toBe(0);
    // And is taken again afterwards.
    expect(queue.add(100, 100, async () => undefined)).toBe(true);
  });

  it('is never more than may wait, and can be let go', async () => {
    const queue = new StoreQueue();
    let store: () => void = () => undefined;
    const taken = Array.from({ length: 20 }, () =>
      queue.add(30, 100, () => new Promise(resolve => (store = resolve))),
    );
    expect(taken.filter(Boolean)).toHaveLength(3);
    expect(queue.bytes).toBe(90);
    expect(queue.clear()).toBe(2);
    store();
    await queue.settled();
    expect(queue.bytes).toBe(0);
  });
});
