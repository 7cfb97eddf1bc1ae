/** The time that is not on the timeline: pauses, waits, and the sleep of a machine; with clocks that have nothing in common. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GapEvent } from '../../src/manifest.ts';
import { RecordingTime } from '../../src/worker/recording-time.ts';
import { SimulatedClock } from '../support/simulated-clock.ts';

const MS = 1_000;
const SECOND = 1_000_000;
const HOUR = 3_600 * SECOND;
const FRAME = 40 * MS;
const PIECE = 10 * MS;
/** How long audio is watched before it is placed. */
const SETTLE = 300 * MS;

/** Something that was recorded: when it was captured, and where it lies. */
interface Placed {
  captured: number;
  time: number;
}

/** A camera and a microphone that are recorded, as the lanes do it. */
class Scene {
  readonly clock = new SimulatedClock();
  readonly notes: GapEvent[] = [];
  readonly time = new RecordingTime(this.clock, event => this.notes.push(event));
  readonly frames: Placed[] = [];
  readonly pieces: Placed[] = [];
  repaired = 0;
  #steps = 0;
  #slept = 0;

  /** `awake`: the tracks' clocks stand still while the machine sleeps. */
  constructor(private readonly tracks: { audio?: boolean; video?: boolean; awake?: boolean } = {}) {}

  /** The clock of a track, which began at another time. */
  #own(offset: number): number {
    return this.clock.now() + offset - (this.tracks.awake ? this.#slept : 0);
  }

  /** So long goes by with frames and audio. */
  async run(microseconds: number): Promise<void> {
    for (let left = microseconds; left > 0; left -= PIECE) {
      await this.clock.advance(PIECE);
      this.#steps++;
      if (this.tracks.video !== false && this.#steps % (FRAME / PIECE) === 0) this.#frame();
      if (this.tracks.audio !== false) this.#piece();
    }
  }

  #frame(): void {
    const { video, gates } = this.time;
    const timestamp = this.#own(7 * HOUR);
    this.time.stir();
    if (!gates.video.open(video.timeOf(timestamp))) return;
    const { time, repaired } = video.map(timestamp, this.clock.now());
    if (repaired) this.repaired++;
    this.frames.push({ captured: this.clock.now(), time });
  }

  #piece(): void {
    const { audio, video, gates, began } = this.time;
    const arrival = this.clock.now();
    this.time.stir();
    const own = audio.observe(this.#own(-55 * SECOND), arrival, PIECE);
    if (!audio.settled) {
      if (this.tracks.video === false) audio.settleAt(own, 0);
      else if (arrival - began > SETTLE && Number.isFinite(video.floor)) audio.settle(video.floor);
      else return;
    }
    const time = audio.map(own);
    const { from, to } = gates.audio.part(time, PIECE);
    if (to - from > 0.5) this.pieces.push({ captured: arrival, time });
  }

  /** The lid is closed: nothing runs for so long. Then comes the timer that is overdue. */
  async sleep(microseconds: number): Promise<boolean> {
    await this.clock.sleep(microseconds);
    this.#slept += microseconds;
    return this.time.stir();
  }

  /** The same, but something else comes before the timer. */
  async sleepUntil(microseconds: number, first: () => void): Promise<void> {
    await this.clock.sleep(microseconds);
    this.#slept += microseconds;
    first();
  }

  /** Microseconds by which picture and sound are apart. */
  get apart(): number {
    const [frame, piece] = [this.frames.at(-1), this.pieces.at(-1)];
    if (!frame || !piece) return Number.NaN;
    return Math.abs(frame.time - frame.captured - (piece.time - piece.captured));
  }

  /** The longest step from one to the next, and the shortest. */
  steps(placed: readonly Placed[]): { longest: number; shortest: number } {
    const steps = placed.slice(1).map((one, i) => one.time - (placed[i]?.time ?? 0));
    return { longest: Math.max(...steps), shortest: Math.min(...steps) };
  }
}

const length = (placed: readonly Placed[]): number => (placed.at(-1)?.time ?? 0) - (placed[0]?.time ?? 0);

describe('where something lies that arrives now', () => {
  it('is not known before anything has come', async () => {
    const { time, clock } = new Scene();
    await clock.advance(SECOND);
    expect(time.at(clock.now())).toBeUndefined();
    expect(time.videoNow).toBe(Number.NEGATIVE_INFINITY);
    expect(clock.now() - time.began).toBe(SECOND);
    expect(time.haltedAt).toBeUndefined();
    expect(time.resumedAt).toBe(Number.NEGATIVE_INFINITY);
  });

  it('is told by the video, and by the audio where there is none', async () => {
    for (const tracks of [{}, { audio: false }, { video: false }]) {
      const scene = new Scene(tracks);
      await scene.run(2 * SECOND);
      const { clock, time } = scene;
      const first = tracks.video === false ? scene.pieces[0] : scene.frames[0];
      const expected = clock.now() - (first?.captured ?? 0);
      expect(Math.abs((time.at(clock.now()) ?? 0) - expected)).toBeLessThan(11 * MS);
      await clock.advance(300 * MS);
      expect(Math.abs((time.at(clock.now()) ?? 0) - expected - 300 * MS)).toBeLessThan(11 * MS);
    }
  });
});

describe('a halt', () => {
  it.each(['pause', 'wait'] as const)('by %s is not on the timeline, and is noted', async type => {
    const scene = new Scene();
    await scene.run(3 * SECOND);
    const { time, clock } = scene;
    const haltedAt = clock.now();
    time.halt(type);
    expect(time.haltedAt).toBe(haltedAt);
    const before = { frames: scene.frames.length, pieces: scene.pieces.length };
    await scene.run(5 * SECOND);
    // Nothing that is captured meanwhile is recorded.
    expect(scene.frames.length).toBe(before.frames);
    expect(scene.pieces.length).toBe(before.pieces);
    time.goOn();
    expect(time.haltedAt).toBeUndefined();
    expect(time.resumedAt).toBe(clock.now());
    await scene.run(3 * SECOND);
    expect(scene.notes).toEqual([{ type, time: expect.closeTo(3, 1), duration: expect.closeTo(5, 1) }]);
    for (const placed of [scene.frames, scene.pieces]) {
      const { longest, shortest } = scene.steps(placed);
      expect(shortest).toBeGreaterThan(0);
      expect(longest).toBeLessThan(3 * FRAME);
    }
    expect(length(scene.frames)).toBeLessThan(6.1 * SECOND);
    expect(scene.apart).toBeLessThan(5 * MS);
    expect(scene.repaired).toBe(0);
  });

  it('begins where it is told to: nothing lies between the last frame and the next', async () => {
    const scene = new Scene();
    await scene.run(2 * SECOND);
    const { time, clock } = scene;
    const last = scene.frames.at(-1)?.time ?? 0;
    // The tracks have ended a while ago.
    await clock.advance(400 * MS);
    time.halt('wait', last + FRAME);
    await clock.advance(9 * SECOND);
    time.goOn();
    await scene.run(SECOND);
    const next = scene.frames.find(frame => frame.time > last);
    expect((next?.time ?? 0) - last).toBeGreaterThanOrEqual(FRAME);
    expect((next?.time ?? 0) - last).toBeLessThan(3 * FRAME);
    expect(scene.notes).toEqual([
      { type: 'wait', time: (last + FRAME) / SECOND, duration: expect.closeTo(9.4, 1) },
    ]);
  });

  it('is one, also when it is asked for twice; and without one there is nothing to go on from', async () => {
    const scene = new Scene();
    const { time } = scene;
    await scene.run(SECOND);
    time.goOn();
    time.halt('wait');
    const { haltedAt } = time;
    await scene.run(SECOND);
    time.halt('pause');
    expect(time.haltedAt).toBe(haltedAt);
    await scene.run(SECOND);
    time.goOn();
    time.goOn();
    expect(scene.notes).toMatchObject([{ type: 'wait', duration: expect.closeTo(2, 1) }]);
    await scene.run(SECOND);
    expect(length(scene.frames)).toBeLessThan(2.1 * SECOND);
  });

  it('before anything was captured takes nothing off: the first frame lies at the beginning', async () => {
    const scene = new Scene();
    const { time } = scene;
    time.halt('pause');
    await scene.run(4 * SECOND);
    expect(scene.frames).toEqual([]);
    time.goOn();
    await scene.run(SECOND);
    expect(scene.frames[0]?.time).toBe(0);
    expect(scene.notes).toEqual([]);
  });

  it('of audio alone', async () => {
    const scene = new Scene({ video: false });
    await scene.run(2 * SECOND);
    scene.time.halt('pause');
    await scene.run(60 * SECOND);
    scene.time.goOn();
    await scene.run(2 * SECOND);
    const { longest, shortest } = scene.steps(scene.pieces);
    expect(shortest).toBeGreaterThan(PIECE / 2);
    expect(longest).toBeLessThan(3 * PIECE);
    expect(length(scene.pieces)).toBeLessThan(4.1 * SECOND);
  });
});

describe('a machine that was asleep', () => {
  it.each([
    ['whose tracks count on', false],
    ['whose tracks stand still', true],
  ])('%s: the hours are not on the timeline, and are noted', async (_, awake) => {
    const scene = new Scene({ awake });
    await scene.run(3 * SECOND);
    const last = scene.frames.at(-1)?.time ?? 0;
    await scene.sleep(6 * HOUR);
    await scene.run(3 * SECOND);
    expect(scene.notes).toEqual([
      { type: 'sleep', time: expect.closeTo(last / SECOND, 1), duration: expect.closeTo(6 * 3_600, 1) },
    ]);
    expect(scene.steps(scene.frames).shortest).toBeGreaterThan(0);
    for (const placed of [scene.frames, scene.pieces]) {
      const { longest, shortest } = scene.steps(placed);
      expect(shortest).toBeGreaterThanOrEqual(0);
      expect(longest).toBeLessThan(3 * FRAME);
    }
    expect(scene.frames.length).toBe(6 * 25);
    expect(scene.apart).toBeLessThan(20 * MS);
    expect(scene.repaired).toBe(0);
  });

  it('tells that it was, once', async () => {
    const { time, clock } = new Scene();
    expect(time.stir()).toBe(false);
    await clock.sleep(HOUR);
    expect(time.stir()).toBe(true);
    expect(time.resumedAt).toBe(clock.now());
    expect(time.stir()).toBe(false);
    await clock.advance(100 * MS);
    expect(time.stir()).toBe(false);
  });

  it('before anything was captured: nothing is to be noted', async () => {
    const scene = new Scene();
    await scene.sleep(HOUR);
    await scene.run(SECOND);
    expect(scene.notes).toEqual([]);
    expect(scene.frames[0]?.time).toBe(0);
    expect(length(scene.frames)).toBeLessThan(SECOND);
  });

  it('is not one that was held up for a few seconds: that time was there', async () => {
    const scene = new Scene();
    await scene.run(2 * SECOND);
    await scene.sleep(9 * SECOND);
    await scene.run(2 * SECOND);
    expect(scene.notes).toEqual([]);
    expect(length(scene.frames)).toBeGreaterThan(12 * SECOND);
    expect(scene.apart).toBeLessThan(5 * MS);
  });

  it('is not one whose source gives nothing while timers run', async () => {
    const scene = new Scene();
    await scene.run(2 * SECOND);
    const { clock, time } = scene;
    const ticks: boolean[] = [];
    const stop = clock.every(100, () => ticks.push(time.stir()));
    await clock.advance(60 * SECOND);
    stop();
    expect(ticks.length).toBe(600);
    expect(ticks).not.toContain(true);
    await scene.run(SECOND);
    expect(scene.notes).toEqual([]);
    expect(length(scene.frames)).toBeGreaterThan(62 * SECOND);
  });

  it.each([false, true])('sleeps in a pause: that is one pause, however long (%s)', async awake => {
    const scene = new Scene({ awake });
    await scene.run(2 * SECOND);
    scene.time.halt('pause');
    await scene.run(SECOND);
    expect(await scene.sleep(HOUR)).toBe(false);
    await scene.run(SECOND);
    scene.time.goOn();
    await scene.run(2 * SECOND);
    expect(scene.notes).toEqual([
      { type: 'pause', time: expect.closeTo(2, 1), duration: expect.closeTo(3_602, 1) },
    ]);
    expect(scene.steps(scene.frames).longest).toBeLessThan(3 * FRAME);
    expect(scene.frames.length).toBeGreaterThanOrEqual(4 * 25 - 1);
    expect(scene.apart).toBeLessThan(20 * MS);
  });
});

describe.each([false, true])('what comes first after a sleep (clocks stand still: %s)', awake => {
  const expectWhole = (scene: Scene, seconds: number): void => {
    for (const placed of [scene.frames, scene.pieces]) {
      const { longest, shortest } = scene.steps(placed);
      expect(shortest).toBeGreaterThan(0);
      expect(longest).toBeLessThan(3 * FRAME);
      expect(Math.abs(length(placed) / SECOND - seconds)).toBeLessThan(0.4);
    }
    expect(scene.apart).toBeLessThan(FRAME);
    expect(scene.repaired).toBe(0);
  };

  it('may be a pause', async () => {
    const scene = new Scene({ awake });
    await scene.run(2 * SECOND);
    await scene.sleepUntil(HOUR, () => scene.time.halt('pause'));
    await scene.run(SECOND);
    scene.time.goOn();
    await scene.run(2 * SECOND);
    expectWhole(scene, 4);
    expect(scene.notes).toMatchObject([{ type: 'sleep' }, { type: 'pause', duration: expect.closeTo(1, 1) }]);
  });

  it('may be the end of the pause in which it was', async () => {
    const scene = new Scene({ awake });
    await scene.run(2 * SECOND);
    scene.time.halt('pause');
    await scene.run(SECOND);
    await scene.sleepUntil(HOUR, () => scene.time.goOn());
    await scene.run(2 * SECOND);
    expectWhole(scene, 4);
    expect(scene.notes).toMatchObject([{ type: 'pause', duration: expect.closeTo(3_601, 1) }]);
  });
});

describe('whatever happens', () => {
  const event = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ does: fc.constant('run' as const), for: fc.integer({ min: 1, max: 30 }) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ does: fc.constant('pause' as const), for: fc.integer({ min: 0, max: 30 }) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        does: fc.constant('sleep' as const),
        for: fc.integer({ min: 110, max: 500_000 }),
      }),
    },
  );

  it('the timeline is as long as the recording ran, in order, and picture and sound stay together', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 8 }), fc.boolean(), async (events, awake) => {
        const scene = new Scene({ awake });
        let ran = 2 * SECOND;
        let left = 0;
        await scene.run(ran);
        for (const { does, for: tenths } of events) {
          const long = tenths * 100 * MS;
          if (does === 'run') ran += long;
          else left += long;
          if (does === 'run') await scene.run(long);
          if (does === 'sleep') await scene.sleep(long);
          if (does === 'pause') {
            scene.time.halt('pause');
            await scene.run(long);
            scene.time.goOn();
          }
        }
        await scene.run(SECOND);
        ran += SECOND;
        const gaps = 1 + events.filter(({ does }) => does !== 'run').length;
        expect(Math.abs(length(scene.frames) - ran)).toBeLessThan(2 * gaps * FRAME);
        expect(scene.steps(scene.frames).shortest).toBeGreaterThan(0);
        expect(scene.steps(scene.pieces).shortest).toBeGreaterThanOrEqual(0);
        // What comes first after a sleep lies behind what came last, if only by a frame; that is made up for by and by.
        const sleeps = events.filter(({ does }) => does === 'sleep').length;
        expect(scene.apart).toBeLessThan(5 * MS + sleeps * FRAME);
        const noted = scene.notes.reduce((sum, { duration }) => sum + duration, 0);
        expect(Math.abs(noted - left / SECOND)).toBeLessThan((gaps * 2 * FRAME) / SECOND);
      }),
      { numRuns: 25 },
    );
  });
});
