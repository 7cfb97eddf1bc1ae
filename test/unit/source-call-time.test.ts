/** Where frames of a call lie: clocks that have nothing in common, that drift, and time that is left out. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CallTime } from '../../src/source/call-time.ts';

const SECOND = 1e6;

/** A call whose tracks have clocks of their own, in simulated time; microseconds. */
class Call {
  readonly time = new CallTime();
  now = 5_000 * SECOND;
  readonly began = this.now;
  constructor(
    private readonly options: {
      /** Own time of each track when the call begins. */
      videoOrigin?: number;
      audioOrigin?: number;
      /** By how much the clock of the sound runs faster; parts of one. */
      drift?: number;
      /** Least time on the way, and what comes on top of it. */
      delay?: number;
      jitter?: (i: number) => number;
    } = {},
  ) {}

  #arrival(i: number): number {
    const { delay = 40_000, jitter = () => 0 } = this.options;
    return this.now + delay + jitter(i);
  }

  video(i: number): number {
    const own = (this.options.videoOrigin ?? 0) + (this.now - this.began);
    this.time.observe('video', own, this.#arrival(i));
    return own;
  }

  audio(i: number): number {
    const own = (this.options.audioOrigin ?? 777) + (this.now - this.began) * (1 + (this.options.drift ?? 0));
    this.time.observe('audio', own, this.#arrival(i));
    return own;
  }
}

/** Runs a call: sound every 20 ms, a picture every 40. */
const run = (call: Call, seconds: number, each: (video: number | undefined, audio: number) => void): void => {
  for (let i = 0; i < seconds * 50; i++) {
    const video = i % 2 === 0 ? call.video(i) : undefined;
    each(video, call.audio(i));
    call.now += 20_000;
  }
};

describe('two tracks', () => {
  it('are lined up by what came fastest, wherever their clocks stand', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e12 }),
        fc.integer({ min: 0, max: 1e12 }),
        fc.integer({ min: 1, max: 1_000 }),
        (videoOrigin, audioOrigin, seed) => {
          // Now and then something comes through at once.
          const jitter = (i: number): number => ((i * seed) % 13) * 2_500;
          const call = new Call({ videoOrigin, audioOrigin, jitter });
          let first: number | undefined;
          run(call, 2, video => {
            if (first === undefined && video !== undefined) call.time.begin('video', (first = video), 0);
          });
          call.time.settle('audio');
          const [video, audio] = [call.video(0), call.audio(0)];
          const at = call.now - call.began;
          expect(call.time.map('video', video)).toBe(at);
          expect(Math.abs(call.time.map('audio', audio) - at)).toBeLessThan(5_000);
        },
      ),
      { numRuns: 200 },
    );
  });

  it.each([200e-6, -200e-6])('stay together for an hour while the clock of the sound drifts by %s', drift => {
    const call = new Call({ drift, jitter: i => (i * 7919) % 20_000 });
    let worst = 0;
    let begun = false;
    run(call, 3600, (video, audio) => {
      if (!begun && video !== undefined) {
        call.time.begin('video', video, 0);
        begun = true;
      }
      if (!call.time.isSettled('audio')) {
        if (call.now - call.began > SECOND) call.time.settle('audio');
        return;
      }
      worst = Math.max(worst, Math.abs(call.time.map('audio', audio) - (call.now - call.began)));
    });
    expect(worst).toBeLessThan(40_000);
  });
});

describe('time that is left out', () => {
  it('is not on the timeline of either track', () => {
    const call = new Call();
    call.time.begin('video', call.video(0), 0);
    call.audio(0);
    call.time.settle('audio');
    call.now += 3 * SECOND;
    call.video(1);
    call.time.halt(call.now + 40_000);
    expect(call.time.gates.video.open(3 * SECOND + 1)).toBe(false);
    call.now += 60 * SECOND;
    expect(call.time.goOn(call.now + 40_000)).toEqual({ since: 3 * SECOND, gap: 60 * SECOND });
    call.now += SECOND;
    expect(call.time.map('video', call.video(2))).toBe(4 * SECOND);
    expect(call.time.map('audio', call.audio(2))).toBe(4 * SECOND);
    expect(call.time.gates.video.open(4 * SECOND)).toBe(true);
  });

  it('of a pause before anything came is nothing', () => {
    const call = new Call();
    call.time.halt(call.now);
    call.now += SECOND;
    expect(call.time.goOn(call.now)).toMatchObject({ gap: 0 });
    call.time.begin('video', call.video(0), 0);
    expect(call.time.map('video', call.video(0))).toBe(0);
  });
});

it('another source goes on where its first frame arrives', () => {
  const call = new Call({ videoOrigin: 10 });
  call.time.begin('video', call.video(0), 0);
  call.audio(0);
  call.time.settle('audio');
  call.now += 5 * SECOND;
  call.time.rebase('video');
  // A clock that has nothing to do with the one before.
  call.time.observe('video', 123_456_789, call.now + 40_000);
  call.time.settle('video');
  expect(call.time.map('video', 123_456_789)).toBe(5 * SECOND);
});

it('sound that begins alone leads, and a picture that comes later is lined up with it', () => {
  const call = new Call();
  call.time.begin('audio', call.audio(0), 0);
  call.now += 2 * SECOND;
  call.audio(1);
  call.video(1);
  call.time.settle('video');
  expect(call.time.map('video', call.video(1))).toBe(2 * SECOND);
});
