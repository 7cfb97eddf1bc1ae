/** Thumbnails of ten hours, with only the canvas simulated: what is made, what waits, and what the manifest says. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RecordingThumbnails } from '../../src/manifest.ts';
import { UPRIGHT } from '../../src/thumbnails/layout.ts';
import { ThumbnailMaker } from '../../src/thumbnails/maker.ts';
import { ID } from './server-kit.ts';

const SECOND = 1_000_000;
const HOURS = 3_600;
/** Bytes of a JPEG, by the canvas's width; more than real ones have. */
const bytesOf = (width: number): number => (width > 320 ? 80_000 : 20_000);

class SimulatedCanvas {
  constructor(
    public width: number,
    public height: number,
  ) {}
  getContext() {
    const nothing = (): void => undefined;
    return { drawImage: nothing, setTransform: nothing, scale: nothing, rotate: nothing };
  }
  async convertToBlob() {
    const bytes = bytesOf(this.width);
    return { arrayBuffer: async () => new ArrayBuffer(bytes) };
  }
}

/** Frames that nobody has closed. */
let open = 0;

const frameAt = (seconds: number): VideoFrame => {
  const copy = { displayWidth: 1280, displayHeight: 720, close: () => void open-- };
  const clone = (): unknown => {
    open++;
    return copy;
  };
  return { timestamp: seconds * SECOND, clone } as unknown as VideoFrame;
};

/** Lets everything that can go on go on. */
const settle = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

beforeEach(() => {
  open = 0;
  vi.stubGlobal('OffscreenCanvas', SimulatedCanvas);
});
afterEach(() => vi.unstubAllGlobals());

const start = (put: (key: string) => Promise<void> = async () => undefined) => {
  const stored = new Map<string, Uint8Array>();
  const told: RecordingThumbnails[] = [];
  const asked: string[] = [];
  const warnings: number[] = [];
  const timers: (() => void)[] = [];
  let last: RecordingThumbnails | undefined;
  const maker = new ThumbnailMaker({
    recordingId: ID,
    options: { interval: 10, width: 320, sprite: true },
    put: async ({ key, bytes }) => {
      asked.push(key);
      await put(key);
      stored.set(key, bytes);
    },
    publish: (thumbnails, tell) => {
      last = thumbnails;
      if (tell) told.push(thumbnails);
    },
    warn: (_, count) => warnings.push(count),
    after: (_, call) => {
      timers.push(call);
      return () => undefined;
    },
  });
  return {
    ...{ maker, stored, told, asked, warnings, timers },
    get last(): RecordingThumbnails {
      if (!last) throw new Error('nothing was published');
      return last;
    },
    /** A frame every five seconds, of which every other one is wanted. */
    play: async (from: number, to: number): Promise<void> => {
      for (let time = from; time < to; time += 5) {
        maker.frame(frameAt(time));
        if (time % 10 === 0) await settle();
      }
    },
  };
};

describe('of ten hours', () => {
  it('all are stored and named, and the manifest stays small', async () => {
    const run = start();
    await run.play(0, 10 * HOURS);
    run.maker.end();
    await run.maker.settled(10 * HOURS * SECOND);
    const { items, sprites, tile, vtt, bytes, leftOut } = run.last;
    expect(items.map(item => item.time)).toEqual(Array.from({ length: 3600 }, (_, i) => 10 * i));
    expect(sprites).toHaveLength(144);
    expect(tile).toEqual({ width: 160, height: 90, columns: 5, rows: 5 });
    const keys = [...items, ...sprites].map(({ key }) => key);
    expect([...run.stored.keys()].sort()).toEqual([...keys, vtt].sort());
    const sizes = [...run.stored.values()].map(stored => stored.length);
    expect(bytes).toBe(sizes.reduce((sum, size) => sum + size));
    expect([leftOut, open]).toEqual([0, 0]);
    expect(run.warnings).toEqual([]);

    const index = new TextDecoder().decode(run.stored.get(vtt ?? ''));
    expect(index.match(/ --> /g)).toHaveLength(3600);
    expect(index).toMatch(/09:59:50\.000 --> 10:00:00\.000\nsprite-0144\.jpg#xywh=640,360,160,90\n$/);
    // A thirtieth of what a server takes, and it is written a few times an hour.
    expect(JSON.stringify(run.last).length).toBeLessThan(600_000);
    expect(index.length).toBeLessThan(400_000);
    expect(run.told.length).toBeLessThan(150);
  });

  it('nothing more is kept than may wait while the storage is away, and it goes on when it is back', async () => {
    let back = (): void => undefined;
    const away = new Promise<void>(resolve => (back = resolve));
    const run = start(() => away);
    await run.play(0, 9 * HOURS);
    expect(run.asked).toHaveLength(1);
    back();
    await settle();
    await run.play(9 * HOURS, 10 * HOURS);
    run.maker.end();
    await run.maker.settled(10 * HOURS * SECOND);
    const { items, sprites, bytes, leftOut } = run.last;
    const waited = items.filter(item => item.time < 9 * HOURS).length * bytesOf(320);
    const sheets = sprites.filter(sprite => sprite.startTime < 9 * HOURS - 250).length * bytesOf(800);
    expect(waited).toBeLessThanOrEqual(6 * 1024 ** 2);
    expect(waited + sheets).toBeLessThanOrEqual(12 * 1024 ** 2);
    // Sheets are more for less: there is room for them when there is none for single pictures.
    expect(sheets).toBeGreaterThan(5_000_000);
    expect(items.filter(item => item.time >= 9 * HOURS)).toHaveLength(360);
    expect(items.length + sprites.length + leftOut).toBe(3600 + 144);
    expect(run.warnings.at(-1)).toBe(leftOut);
    expect(bytes).toBeGreaterThan(0);
    expect(open).toBe(0);
  });
});

describe('a storage that refuses', () => {
  it('is asked three times, and then no more pictures are made', async () => {
    const run = start(() => Promise.reject(new Error('no')));
    await run.play(0, 2 * HOURS);
    run.maker.end();
    await run.maker.settled(2 * HOURS * SECOND);
    expect(run.asked).toHaveLength(3);
    expect(run.last).toMatchObject({ items: [], sprites: [], bytes: 0, leftOut: 3 });
    expect(run.last.vtt).toBeUndefined();
    expect(run.told).toEqual([]);
    expect(run.warnings).toEqual([1, 2, 3]);
    expect(open).toBe(0);
  });

  it('now and then gets all others, and the manifest names no other', async () => {
    const run = start(async key => {
      if (/0002\.jpg$/.test(key)) throw new Error('not this one');
    });
    await run.play(0, 510);
    run.maker.end();
    await run.maker.settled(510 * SECOND);
    expect(run.last.items).toHaveLength(50);
    expect(run.last.sprites.map(({ startTime, tiles }) => [startTime, tiles])).toEqual([
      [0, 25],
      [500, 1],
    ]);
    expect(run.last.leftOut).toBe(2);
    const index = new TextDecoder().decode(run.stored.get(run.last.vtt ?? ''));
    expect(index.match(/ --> /g)).toHaveLength(26);
    expect(index).toContain('--> 00:04:10.000\nsprite-0001.jpg#xywh=640,360,160,90\n\n00:08:20.000');
  });

  it('does not hold the end up when it never answers', async () => {
    const run = start(() => new Promise(() => undefined));
    await run.play(0, 60);
    run.maker.end();
    const settled = run.maker.settled(60 * SECOND);
    await settle();
    for (const ring of run.timers) ring();
    await settled;
    // Six pictures and a sheet.
    expect(run.last).toMatchObject({ items: [], leftOut: 7 });
    expect(run.warnings.at(-1)).toBe(7);
  });

  it('that takes the last one after the end changes nothing any more: the manifest is written', async () => {
    let take = (): void => undefined;
    const run = start(() => new Promise(resolve => (take = resolve)));
    await run.play(0, 10);
    run.maker.end();
    const settled = run.maker.settled(10 * SECOND);
    await settle();
    for (const ring of run.timers) ring();
    await settled;
    const { last } = run;
    take();
    await settle();
    expect(run.last).toBe(last);
    expect(run.asked).toHaveLength(1);
  });
});

describe('what is not drawn yet when nobody waits any more', () => {
  it('is counted as left out, and no more of it is begun', async () => {
    let drawn = 0;
    let go = (): void => undefined;
    const held = new Promise<void>(resolve => (go = resolve));
    vi.spyOn(SimulatedCanvas.prototype, 'convertToBlob').mockImplementation(async () => {
      drawn++;
      await held;
      return { arrayBuffer: async () => new ArrayBuffer(1) };
    });
    const run = start();
    run.maker.frame(frameAt(0));
    for (const time of [10, 20, 30])
      run.maker.keyFrame({
        data: new Uint8Array(1),
        config: { codec: 'x' },
        time: time * SECOND,
        ...UPRIGHT,
      });
    run.maker.end();
    const settled = run.maker.settled(40 * SECOND);
    await settle();
    for (const ring of run.timers) ring();
    await settled;
    expect(run.last).toMatchObject({ items: [], leftOut: 5 });
    // Four pictures, and the sheet that the first is on.
    expect(run.warnings).toEqual([5]);
    const { last } = run;
    go();
    await settle();
    expect([drawn, run.asked, open]).toEqual([1, [], 0]);
    expect(run.last).toBe(last);
    vi.restoreAllMocks();
  });
});

describe('what goes wrong with a picture', () => {
  it('costs that picture', async () => {
    const run = start();
    const clone = (): never => {
      throw new Error('closed');
    };
    const broken = { timestamp: 0, clone };
    run.maker.frame(broken as unknown as VideoFrame);
    await settle();
    run.maker.keyFrame({ data: new Uint8Array(1), config: { codec: 'avc1' }, time: 10 * SECOND, ...UPRIGHT });
    await settle();
    await run.play(20, 40);
    expect(run.last.items.map(({ time }) => time)).toEqual([20, 30]);
    expect(run.last.leftOut).toBe(2);
  });

  it('is not told when the recording is thrown away, and nothing more is asked of the storage', async () => {
    let fail = (_: unknown): void => undefined;
    const run = start(() => new Promise((_, reject) => (fail = reject)));
    await run.play(0, 60);
    run.maker.cancel();
    fail(new Error('aborted'));
    await run.play(60, 120);
    expect(run.asked).toHaveLength(1);
    expect(run.warnings).toEqual([]);
    expect(open).toBe(0);
  });
});
