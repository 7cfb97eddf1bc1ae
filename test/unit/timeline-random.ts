/** Recordings made up at random, with whatever may happen to them. */
import fc from 'fast-check';
import type { Fate } from '../support/simulated-encoders.ts';
import { COLORS } from '../support/simulated-packets.ts';
import type { Timing } from '../support/simulated-source.ts';
import {
  type Action,
  type AudioShape,
  HOUR,
  type Kind,
  type Next,
  type Scenario,
  SECOND,
  type Step,
  type Track,
  type VideoShape,
} from './timeline-scenario.ts';

const SIZES = [
  [64, 48],
  [48, 64],
  [320, 180],
  [1280, 720],
  [65, 49],
  [3840, 2160],
] as const;

const size = fc.constantFrom(...SIZES).map(([width, height]) => ({ width, height }));
const rotation = fc.constantFrom(0 as const, 90 as const, 180 as const, 270 as const);
const color = fc.nat({ max: COLORS.length - 1 });
const track = fc.constantFrom<Track>('video', 'audio');

const videoShape: fc.Arbitrary<VideoShape> = fc
  .record({
    size,
    rotation: fc.oneof({ weight: 4, arbitrary: fc.constant(0 as const) }, { weight: 1, arbitrary: rotation }),
    flip: fc.constant(false),
    color: fc.constantFrom(0, 0, 0, 2, 5),
    format: fc.constant('NV12'),
    rate: fc.constantFrom(5, 10, 15, 30),
  })
  .map(({ size: { width, height }, ...rest }) => ({ width, height, ...rest }));

const audioShape: fc.Arbitrary<AudioShape> = fc.record({
  sampleRate: fc.constantFrom(48_000, 48_000, 44_100, 16_000),
  numberOfChannels: fc.constantFrom(1, 2),
  piece: fc.constantFrom(10_000, 20_000, 40_000),
});

/** Clocks that have nothing to do with each other; some run steadily, some do not. */
const timing = (wobbles: readonly number[]): fc.Arbitrary<Timing> =>
  fc.record({
    base: fc.constantFrom(0, 1e6, 3e9, -5e8),
    ppm: fc.constantFrom(0, 0, 200, -200),
    latency: fc.constantFrom(0, 5_000, 60_000),
    jitter: fc.constantFrom(0, 5_000, 80_000),
    wobble: fc.constantFrom(...wobbles),
  });

const video: fc.Arbitrary<Kind<VideoShape>> = fc.record({
  shape: videoShape,
  timing: timing([0, 0, 2_000, 20_000, 60_000]),
});
const audio: fc.Arbitrary<Kind<AudioShape>> = fc.record({
  shape: audioShape,
  // More than 40 ms are taken for gaps and overlaps.
  timing: timing([0, 0, 2_000, 19_000]),
});

const videoChange: fc.Arbitrary<Partial<VideoShape>> = fc.oneof(
  size,
  rotation.map(value => ({ rotation: value })),
  fc.boolean().map(flip => ({ flip })),
  color.map(value => ({ color: value })),
  fc.constantFrom('I420', 'NV12', 'BGRA').map(format => ({ format })),
  fc.constantFrom(1, 10, 30, 60).map(rate => ({ rate })),
  fc.record({ size, rotation, color }).map(({ size: of, ...rest }) => ({ ...of, ...rest })),
);

const audioChange: fc.Arbitrary<Partial<AudioShape>> = fc.oneof(
  fc.constantFrom(48_000, 44_100, 16_000).map(sampleRate => ({ sampleRate })),
  fc.constantFrom(1, 2, 6).map(numberOfChannels => ({ numberOfChannels })),
);

const next = <Shape>(kind: fc.Arbitrary<Kind<Shape>>): fc.Arbitrary<Next<Shape>> =>
  fc.oneof(
    { weight: 2, arbitrary: fc.constant('same' as const) },
    { weight: 1, arbitrary: fc.constant('gone' as const) },
    { weight: 4, arbitrary: kind },
  );

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 4, arbitrary: videoChange.map(to => ({ do: 'change' as const, video: to })) },
  { weight: 3, arbitrary: audioChange.map(to => ({ do: 'change' as const, audio: to })) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(videoChange, audioChange)
      .map(([a, b]) => ({ do: 'change' as const, video: a, audio: b })),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('mute' as const), track }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('unmute' as const), track }) },
  { weight: 3, arbitrary: fc.constant({ do: 'pause' as const }) },
  { weight: 4, arbitrary: fc.constant({ do: 'resume' as const }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('replace' as const), video: next(video), audio: next(audio) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('end' as const, 'break' as const), track }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('jump' as const),
      track,
      by: fc.constantFrom(20_000, 300_000, 1_500_000, 3 * HOUR, -5_000, -80_000, -300_000, -3 * HOUR),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('still' as const, 'nonsense' as const),
      track,
      count: fc.integer({ min: 1, max: 6 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('hold-up' as const),
      for: fc.constantFrom(150_000, 400_000, 1_000_000, 3_000_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.oneof(
      fc.record({
        do: fc.constant('sleep' as const),
        for: fc.constantFrom(15 * SECOND, 3 * HOUR),
        clocksRunOn: fc.boolean(),
      }),
      // Too short to be told from a worker that is held up: clocks that stand still meanwhile are late for a while.
      fc.constant({ do: 'sleep' as const, for: 5 * SECOND, clocksRunOn: true }),
    ),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('kill' as const), track }) },
);

const step: fc.Arbitrary<Step> = fc
  .tuple(action, fc.constantFrom(0, 0, 33_000, 100_000, 250_000, 500_000, 900_000, 1_400_000))
  .map(([what, after]) => ({ ...what, after }));

/** Most encoders work. */
const fate: fc.Arbitrary<Fate> = fc.oneof(
  { weight: 8, arbitrary: fc.constant({}) },
  {
    weight: 1,
    arbitrary: fc.record({
      diesAt: fc.constantFrom(1, 2, 5, 20),
      tellsAfter: fc.constantFrom(0, 0, 20_000, 300_000),
      closesAtOnce: fc.boolean(),
    }),
  },
);

const fates = fc.array(fate, { maxLength: 3 });

const encoders: fc.Arbitrary<Scenario['encoders']> = fc.record({
  lag: fc.constantFrom(0, 0, 20_000, 150_000),
  families: fc.constantFrom(['avc', 'vp9', 'vp8', 'aac'], ['avc', 'vp9', 'vp8'], ['vp9', 'av1', 'vp8']),
  pixels: fc.constant(1e9),
  bytes: fc.constantFrom(100, 1_000),
  video: fates,
  audio: fates,
});

const options: fc.Arbitrary<Scenario['options']> = fc
  .record({
    frameRate: fc.constantFrom('source' as const, 'source' as const, 10, 30, 23.976),
    size: fc.constantFrom('follow' as const, 'follow' as const, 'follow' as const, {
      width: 320,
      height: 240,
    }),
    minFileDuration: fc.constantFrom(0, 1),
    maxFileDuration: fc.constantFrom(Number.POSITIVE_INFINITY, 1),
    reconnectWindow: fc.constantFrom(0, 0, 1, 5),
  })
  .map(({ frameRate, size: of, reconnectWindow, ...cut }) => ({
    video: { frameRate, size: of },
    cut,
    reconnectWindow,
  }));

/** Any recording at all. */
export const scenario: fc.Arbitrary<Scenario> = fc
  .record({
    seed: fc.integer({ min: 1, max: 1e9 }),
    options,
    maxFileBytes: fc.constantFrom(undefined, undefined, undefined, 12_000),
    tracks: fc.constantFrom('both', 'both', 'both', 'both', 'video', 'audio'),
    video,
    audio,
    encoders,
    steps: fc.array(step, { minLength: 1, maxLength: 8, size: 'max' }),
    last: fc.oneof(
      {
        weight: 6,
        arbitrary: fc.constantFrom(300_000, 1_200_000).map(after => ({ do: 'stop' as const, after })),
      },
      { weight: 1, arbitrary: fc.constant({ do: 'cancel' as const, after: 300_000 }) },
    ),
  })
  .map(({ tracks, last, steps, ...rest }) => ({
    ...rest,
    video: tracks === 'audio' ? undefined : rest.video,
    audio: tracks === 'video' ? undefined : rest.audio,
    steps: [...steps, last],
  }));
