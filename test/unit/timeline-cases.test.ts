/** What random sequences have found, one by one: each of these recordings once came out wrong. */
import { describe, expect, it, vi } from 'vitest';
import type { CutReason } from '../../src/manifest.ts';
import type { Timing } from '../support/simulated-source.ts';
import { problemsOf, readAll } from './timeline-checks.ts';
import { play } from './timeline-recording.ts';
import type { AudioShape, Kind, Outcome, Scenario, Step, VideoShape } from './timeline-scenario.ts';

vi.mock('../../src/compose/video-fit.ts', () => import('../support/simulated-fitter.ts'));

const STEADY: Timing = { base: 0, ppm: 0, latency: 0, jitter: 0, wobble: 0 };

const camera = (timing: Partial<Timing> = {}, shape: Partial<VideoShape> = {}): Kind<VideoShape> => ({
  shape: { width: 64, height: 48, rotation: 0, flip: false, color: 0, format: 'NV12', rate: 5, ...shape },
  timing: { ...STEADY, ...timing },
});

const microphone = (timing: Partial<Timing> = {}, shape: Partial<AudioShape> = {}): Kind<AudioShape> => ({
  shape: { sampleRate: 48_000, numberOfChannels: 1, piece: 10_000, ...shape },
  timing: { ...STEADY, ...timing },
});

/** Plays it; nothing of what must hold of every recording may be wrong. */
const record = async (
  steps: Step[],
  given: Partial<Omit<Scenario, 'steps' | 'encoders'>> & { encoders?: Partial<Scenario['encoders']> } = {},
): Promise<Outcome> => {
  const outcome = await play({
    ...{ seed: 1, options: { cut: { minFileDuration: 0 } }, video: camera(), audio: microphone() },
    ...given,
    encoders: {
      ...{ lag: 0, families: ['avc', 'vp9', 'vp8', 'aac'], pixels: 1e9, bytes: 100, video: [], audio: [] },
      ...given.encoders,
    },
    steps,
  });
  expect(problemsOf(outcome)).toEqual([]);
  return outcome;
};

const soundOf = ({ audioEncoders }: Outcome): number =>
  audioEncoders.reduce((sum, encoder) => sum + encoder.samples / encoder.sampleRate, 0);

describe('where the sound lies is not told by frames that come late', () => {
  it('when the worker is held up before the first frame', async () => {
    const outcome = await record(
      [
        { do: 'hold-up', for: 3_000_000, after: 33_000 },
        { do: 'mute', track: 'video', after: 0 },
        { do: 'stop', after: 300_000 },
      ],
      { seed: 86_016 },
    );
    expect(soundOf(outcome)).toBeGreaterThan(2.8);
  });

  it('when the machine sleeps for a while before the first frame', async () => {
    const outcome = await record(
      [
        { do: 'sleep', for: 5_000_000, clocksRunOn: true, after: 33_000 },
        { do: 'nothing', after: 1_400_000 },
        { do: 'stop', after: 300_000 },
      ],
      { video: camera({ latency: 60_000 }), audio: microphone({}, { piece: 40_000 }) },
    );
    expect(soundOf(outcome)).toBeGreaterThan(1.3);
  });

  it('when it sleeps for long before there is any', async () => {
    const outcome = await record([
      { do: 'mute', track: 'video', after: 0 },
      { do: 'sleep', for: 15_000_000, clocksRunOn: false, after: 500_000 },
      { do: 'stop', after: 300_000 },
    ]);
    expect(soundOf(outcome)).toBeLessThan(1.2);
  });
});

describe('a microphone that comes later', () => {
  /** Seconds of sound that lie before the file that has it: nobody hears them. */
  const unheard = (outcome: Outcome): number =>
    readAll(outcome).reduce((sum, { audio }) => {
      const [first] = audio?.samples ?? [];
      return sum + (audio && first ? Math.max(0, audio.skipped - first.time) / audio.timescale : 0);
    }, 0);
  const comes = (shape: Partial<AudioShape> = {}, timing: Partial<Timing> = {}): Step => ({
    ...{ do: 'replace', video: 'same', audio: microphone(timing, shape), after: 300_000 },
  });
  /** A frame, and the encoder's delay. */
  const FRAME = 0.034 + 0.022;

  it.each([1, 10])('is heard from then on, also where files are %d s long at the least', async least => {
    const outcome = await record([comes(), { do: 'stop', after: 2_500_000 }], {
      options: { cut: { minFileDuration: least } },
      video: camera({}, { rate: 30 }),
      audio: undefined,
    });
    expect(outcome.manifest.files.map(file => file.reason)).toEqual(['start', 'track-added']);
    expect(soundOf(outcome)).toBeGreaterThan(2.4);
    expect(unheard(outcome)).toBeLessThan(FRAME);
  });

  it('is not lost when the recording ends soon', async () => {
    const outcome = await record([comes(), { do: 'stop', after: 500_000 }], {
      options: {},
      video: camera({}, { rate: 30 }),
      audio: undefined,
    });
    expect(soundOf(outcome)).toBeGreaterThan(0.4);
  });
});

describe('a microphone that gives nothing at first is not taken for a silent one', () => {
  /** Its settings say one channel, and then it has two. */
  const starts: Step[] = [
    {
      ...{ do: 'replace', video: 'same', after: 2_500_000 },
      audio: microphone({ latency: 900_000 }),
    },
    { do: 'change', audio: { numberOfChannels: 2 }, after: 0 },
    { do: 'stop', after: 4_000_000 },
  ];
  const expectTrue = ({ manifest, stats }: Outcome, reasons: CutReason[]): void => {
    expect(manifest.files.map(file => file.reason)).toEqual(reasons);
    expect(manifest.files.at(-1)?.audio?.numberOfChannels).toBe(2);
    expect(stats.audioSamplesFilled).toBe(0);
  };

  it('when it is added', async () => {
    expectTrue(await record(starts, { audio: undefined }), ['start', 'track-added']);
  });

  it('when another one has ended before', async () => {
    const end: Step = { do: 'end', track: 'audio', after: 900_000 };
    expectTrue(await record([end, ...starts]), ['start', 'track-removed', 'track-added']);
  });

  it('when the camera takes as long as it does to begin', async () => {
    const steps: Step[] = [
      { do: 'mute', track: 'video', after: 0 },
      { do: 'mute', track: 'audio', after: 0 },
      { do: 'unmute', track: 'video', after: 3_000_000 },
      { do: 'change', audio: { numberOfChannels: 2 }, after: 400_000 },
      { do: 'unmute', track: 'audio', after: 0 },
      { do: 'stop', after: 2_000_000 },
    ];
    expectTrue(await record(steps), ['start']);
  });
});

describe('a camera whose timestamps wobble by more than a frame', () => {
  const wobbling = (rate: number): Kind<VideoShape> => camera({ wobble: 60_000 }, { rate });
  const lengthOf = (outcome: Outcome): number => outcome.manifest.duration - outcome.elapsed / 1e6;

  it('does not run ahead of time', async () => {
    const outcome = await record([{ do: 'stop', after: 8_000_000 }], { video: wobbling(60) });
    expect(Math.abs(lengthOf(outcome))).toBeLessThan(0.3);
  });

  it('nor when its frames come faster than before', async () => {
    const outcome = await record(
      [
        { do: 'change', video: { rate: 60 }, after: 1_400_000 },
        { do: 'stop', after: 6_000_000 },
      ],
      { video: camera({ wobble: 60_000, jitter: 80_000 }) },
    );
    expect(Math.abs(lengthOf(outcome))).toBeLessThan(0.3);
  });

  it('nor when the worker is held up', async () => {
    const outcome = await record(
      [
        { do: 'hold-up', for: 3_000_000, after: 900_000 },
        { do: 'stop', after: 300_000 },
      ],
      { seed: 498_037_301, video: wobbling(30) },
    );
    expect(Math.abs(lengthOf(outcome))).toBeLessThan(0.5);
  });
});

describe('files follow each other', () => {
  it('when sound alone ends and another microphone comes while its last packets do', async () => {
    const { manifest } = await record(
      [
        { do: 'end', track: 'audio', after: 33_000 },
        { do: 'replace', video: 'same', audio: microphone(), after: 0 },
        { do: 'stop', after: 300_000 },
      ],
      { video: undefined, encoders: { lag: 150_000 } },
    );
    expect(manifest.files.map(file => file.reason)).toEqual(['start', 'track-added']);
  });

  it('when all tracks end and a camera comes at once', async () => {
    const { manifest } = await record(
      [
        { do: 'end', track: 'audio', after: 900_000 },
        { do: 'end', track: 'video', after: 0 },
        { do: 'replace', video: camera(), audio: 'same', after: 0 },
        { do: 'stop', after: 300_000 },
      ],
      { options: { video: { frameRate: 10 }, cut: { minFileDuration: 0 } }, encoders: { lag: 150_000 } },
    );
    expect(manifest.files.map(file => file.reason)).toEqual(['start', 'track-added']);
  });

  it('when all tracks are gone and a microphone comes before the last frame is over', async () => {
    await record(
      [
        { do: 'replace', video: 'gone', audio: 'gone', after: 250_000 },
        { do: 'replace', video: 'same', audio: microphone(), after: 0 },
        { do: 'end', track: 'video', after: 0 },
        { do: 'stop', after: 300_000 },
      ],
      { seed: 126_922_752, encoders: { lag: 20_000 } },
    );
  });

  it('when the microphone that goes on alone has other channels', async () => {
    await record(
      [
        {
          do: 'replace',
          video: 'gone',
          audio: microphone({}, { numberOfChannels: 2 }),
          after: 500_000,
        },
        { do: 'stop', after: 300_000 },
      ],
      {
        options: { video: { frameRate: 10 }, cut: { minFileDuration: 0 } },
        video: camera({ latency: 5_000 }, { rate: 10 }),
        audio: microphone({}, { piece: 40_000 }),
      },
    );
  });

  it('when the only packet of sound is the encoder’s delay', async () => {
    await record(
      [
        { do: 'kill', track: 'audio', after: 33_000 },
        { do: 'end', track: 'audio', after: 0 },
        { do: 'stop', after: 300_000 },
      ],
      { video: undefined },
    );
  });
});

describe('what an encoder takes with it is counted', () => {
  const dead = { diesAt: 1, tellsAfter: 0, closesAtOnce: false };

  it('frames that were being fitted when it died', async () => {
    const { stats } = await record(
      [
        { do: 'hold-up', for: 400_000, after: 33_000 },
        { do: 'end', track: 'video', after: 0 },
        { do: 'stop', after: 300_000 },
      ],
      {
        options: { video: { size: { width: 320, height: 240 } }, cut: { minFileDuration: 0 } },
        encoders: { video: [{ ...dead, tellsAfter: 300_000 }] },
      },
    );
    expect(stats.framesDropped).toBe(2);
  });

  it('samples that went into two of them', async () => {
    const { stats, warnings } = await record([{ do: 'stop', after: 300_000 }], {
      video: undefined,
      encoders: { audio: [dead, dead] },
    });
    expect(stats.audioSamplesDropped).toBeGreaterThanOrEqual(3 * 480);
    expect(warnings).toContain('audio-dropped');
  });
});

describe('an encoder that changes its parameters by itself with its last packets', () => {
  /** Versions of the parameters in each file. */
  const versionsOf = (outcome: Outcome): number[][] =>
    readAll(outcome).map(({ video }) => [...new Set(video?.samples.map(({ trace }) => trace.version))]);

  it('has a file begin there when the recording ends', async () => {
    const outcome = await record([{ do: 'stop', after: 1_930_000 }], {
      encoders: { lag: 3_000_000, video: [{ changesAt: 10 }] },
    });
    expect(outcome.manifest.files.map(file => file.reason)).toEqual(['start', 'video-description']);
    expect(versionsOf(outcome)).toEqual([[0], [1]]);
    expect(outcome.stats.framesDropped).toBe(0);
  });

  it('loses them where the next file has begun already, and never mixes them', async () => {
    const outcome = await record(
      [
        { do: 'change', video: { width: 320 }, after: 1_930_000 },
        { do: 'stop', after: 2_500_000 },
      ],
      { encoders: { lag: 3_000_000, video: [{ changesAt: 9 }] } },
    );
    expect(outcome.manifest.files.map(file => file.reason)).toEqual(['start', 'video-size']);
    expect(versionsOf(outcome)).toEqual([[0], [0]]);
    expect(outcome.stats.framesDropped).toBe(2);
    expect(outcome.warnings).toContain('frames-dropped');
  });
});

it.each([1, 5])('files of pictures alone, %d a second, are not larger than they may be', async rate => {
  const { manifest } = await record([{ do: 'stop', after: 240_000_000 }], {
    ...{ options: {}, maxFileBytes: 16_000, video: camera({}, { rate }), audio: undefined },
  });
  const bytes = manifest.files.map(file => file.bytes);
  expect(bytes.length).toBeGreaterThan(1);
  expect(Math.max(...bytes)).toBeLessThanOrEqual(16_000);
});

it('a frame with any timestamp that comes during a pause is not taken for one before it', async () => {
  const { manifest } = await record([
    { do: 'pause', after: 250_000 },
    { do: 'sleep', for: 5_000_000, clocksRunOn: true, after: 0 },
    { do: 'nonsense', track: 'video', count: 1, after: 0 },
    { do: 'stop', after: 300_000 },
  ]);
  expect(manifest.duration).toBeLessThan(0.5);
});

it('after a pause before anything came, a picture that comes late is waited for as at the beginning', async () => {
  const { manifest } = await record(
    [
      { do: 'mute', track: 'video', after: 0 },
      { do: 'pause', after: 0 },
      { do: 'resume', after: 3_000_000 },
      { do: 'unmute', track: 'video', after: 500_000 },
      { do: 'stop', after: 2_000_000 },
    ],
    { options: {} },
  );
  expect(manifest.files.map(({ video, audio }) => [video !== undefined, audio !== undefined])).toEqual([
    [true, true],
  ]);
});

it('sound that waits for a frame is not lost when the source is replaced', async () => {
  const replace: Step[] = Array.from({ length: 12 }, (_, i) => ({
    ...{ do: 'replace', video: camera({}, { rate: 30 }), audio: microphone(), after: 500_000 + i * 2_900 },
  }));
  const given = { video: camera({}, { rate: 30 }) };
  const { handed, elapsed } = await record([...replace, { do: 'stop', after: 500_000 }], given);
  // After `stop()` some more are read, to know that what was captured before has all come.
  expect(handed.audio).toBeGreaterThanOrEqual(elapsed / 10_000);
});

it('a replacement that is under way when the recording is stopped does not take what was captured before', async () => {
  const given = { video: camera({}, { rate: 30 }) };
  const swap: Step = {
    ...{ do: 'replace', video: camera({}, { rate: 30 }), audio: microphone(), after: 2_000_000 },
  };
  const { handed } = await record([swap, { do: 'stop', after: 0 }], given);
  expect(handed.video).toBeGreaterThanOrEqual(60);
});
