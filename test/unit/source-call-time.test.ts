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

describe('a track that goes on with another clock', () => {
  /** What has queued up at its beginning drains within some time, and each arrival is late by some jitter besides. */
  const start = fc.record({
    queue: fc.integer({ min: 0, max: 250_000 }),
    drain: fc.integer({ min: 100_000, max: 1_500_000 }),
    jitter: fc.integer({ min: 0, max: 30_000 }),
    seed: fc.integer({ min: 1, max: 1_000_000 }),
    /** By how much it was guessed wrong where the picture lies. */
    guess: fc.integer({ min: -250_000, max: 250_000 }),
  });
  type Start = typeof start extends fc.Arbitrary<infer S> ? S : never;

  /** A call that has run for two seconds, both tracks in their place. */
  const begun = (jitter: (i: number) => number): Call => {
    const call = new Call({ jitter });
    run(call, 2, video => {
      if (!call.time.isSettled('video') && video !== undefined) call.time.begin('video', video, 0);
    });
    call.time.settle('audio');
    return call;
  };

  const lateBy = ({ queue, drain, jitter, seed }: Start, since: number, i: number): number =>
    queue * Math.max(0, 1 - since / drain) + (((i + seed) * 7919) % 97) * (jitter / 97);

  it.each(['rebase', 'renew'] as const)(
    'the picture (%s) lies beside the sound after some seconds, and never runs back',
    how => {
      fc.assert(
        fc.property(start, given => {
          const call = begun(i => ((i + given.seed) * 7919) % (given.jitter + 1));
          const { time } = call;
          const from = call.now;
          const shift = how === 'rebase' ? 987_654_321 : given.guess;
          time[how]('video');
          let [last, ranBack, worst] = [Number.NEGATIVE_INFINITY, 0, 0];
          for (let i = 0; call.now - from < 6 * SECOND; i++) {
            const audio = call.audio(i);
            const own = call.now - call.began + shift;
            time.observe('video', own, call.now + 40_000 + lateBy(given, call.now - from, i));
            if (!time.isSettled('video')) time.settle('video');
            const at = time.place(own);
            if (at <= last) ranBack++;
            last = at;
            const apart = Math.abs(at - time.map('audio', audio));
            if (call.now - from > 4 * SECOND) worst = Math.max(worst, apart);
            call.now += 20_000;
          }
          expect(ranBack).toBe(0);
          expect(worst).toBeLessThan(40_000);
        }),
        {
          numRuns: 100,
          examples: [
            // Sound that was settled when its floor had just sunk, and so had no sure place itself.
            [{ queue: 77_786, drain: 1_420_462, jitter: 22_606, seed: 999_988, guess: 0 }],
          ],
        },
      );
    },
  );

  it('the sound is lined up when its delay has come to rest, not while what has queued up drains', () => {
    const given = { queue: 200_000, drain: 1_000_000, jitter: 5_000, seed: 1, guess: 0 };
    const call = begun(() => 0);
    const { time } = call;
    const from = call.now;
    time.rebase('audio');
    for (let i = 0; !time.isSteady('audio', call.now + 40_000); i++) {
      time.observe('audio', 55 + call.now, call.now + 40_000 + lateBy(given, call.now - from, i));
      call.now += 20_000;
    }
    expect(call.now - from).toBeGreaterThan(SECOND);
    time.settle('audio');
    expect(Math.abs(time.map('audio', 55 + call.now) - (call.now - call.began))).toBeLessThan(10_000);
  });

  it('sound that had to be lined up before that catches up within a second', () => {
    const given = { queue: 200_000, drain: 1_500_000, jitter: 5_000, seed: 1, guess: 0 };
    const call = begun(() => 0);
    const { time } = call;
    const from = call.now;
    time.rebase('audio');
    for (let i = 0; call.now - from < 3 * SECOND; i++) {
      if (i % 2 === 0) call.video(i);
      const own = 55 + call.now;
      time.observe('audio', own, call.now + 40_000 + lateBy(given, call.now - from, i));
      if (i === 50) time.settle('audio');
      call.now += 20_000;
    }
    expect(Math.abs(time.map('audio', 55 + call.now) - (call.now - call.began))).toBeLessThan(10_000);
  });
});

it('a clock that drifts is at rest all the same, nearly all the time', () => {
  const time = new CallTime();
  let steady = 0;
  for (let i = 0; i < 6_000; i++) {
    time.observe('audio', i * 10_000, 40_000 + i * 10_000 - i * 2 + ((i * 7919) % 13) * 300);
    if (time.isSteady('audio', 40_000 + i * 10_000)) steady++;
  }
  expect(steady).toBeGreaterThan(5_850);
});
