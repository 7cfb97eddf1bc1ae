/** Two recordings of the same tracks, in simulated time: whatever becomes of the encoders of one, both have the same files. */
import { afterEach, expect, test, vi } from 'vitest';
import type { RingEntry } from '../../src/clip/entry.ts';
import { resolveOptions } from '../../src/options.ts';
import { BothFiles } from '../../src/worker/both-files.ts';
import { RingFiles } from '../../src/worker/ring-files.ts';
import { emptyStats } from '../../src/worker/stats.ts';
import { Tracks } from '../../src/worker/tracks.ts';
import type { Fate } from '../support/simulated-encoders.ts';
import { stubTime } from './dvr-world.ts';
import { ID } from './server-kit.ts';
import { type Scenario, SECOND } from './timeline-scenario.ts';
import { World } from './timeline-world.ts';

vi.mock('../../src/compose/video-fit.ts', () => import('../support/simulated-fitter.ts'));
afterEach(() => void vi.unstubAllGlobals());

const TIMING = { base: 0, ppm: 0, latency: 0, jitter: 0, wobble: 0 };
const WIDTHS = [640, 320];
const SECONDS = 1.5;

const scenario = (video: readonly Fate[]): Scenario => ({
  ...{ seed: 1, options: {}, steps: [] },
  video: {
    timing: TIMING,
    shape: { width: 640, height: 360, rotation: 0, flip: false, color: 0, format: 'I420', rate: 30 },
  },
  audio: { timing: TIMING, shape: { sampleRate: 48_000, numberOfChannels: 2, piece: 10_000 } },
  encoders: { lag: 20_000, families: ['avc', 'aac'], pixels: 1e8, bytes: 0, video, audio: [] },
});

class Output {
  readonly entries: RingEntry[] = [];
  readonly files = new RingFiles(entry => void this.entries.push(entry));
  readonly stats = emptyStats();
  readonly draws = false;

  /** Reason, beginning and end of each file. */
  get cuts() {
    const files = new Map<number, unknown[]>();
    for (const entry of this.entries)
      if (entry.kind === 'begun') files.set(entry.run, [entry.reason, entry.time]);
      else if (entry.kind === 'ends') files.get(entry.run)?.push(entry.time);
    return [...files.values()];
  }

  get frames(): number {
    return this.entries.filter(({ kind }) => kind === 'video').length;
  }
}

/** The picture has one size and then another. @param fates of the encoders, as they are opened: one for each of the two, by turns. */
const record = async (fates: readonly Fate[]): Promise<[Output, Output]> => {
  const given = scenario(fates);
  const world = new World(given);
  const { clock } = world;
  stubTime(clock);
  const [first, second] = [new Output(), new Output()];
  const tracks = new Tracks({
    setup: {
      ...{ recordingId: ID, startedAt: '2024-05-01T10:00:00.000Z', options: resolveOptions({}) },
      ...{ storage: { kind: 'device' }, aacEncoderUrl: 'none' },
      video: given.video && world.openVideo(given.video),
      audio: given.audio && world.openAudio(given.audio),
    },
    ...{ files: new BothFiles(first.files, second.files), outputs: [first, second], stats: first.stats },
    ...{ keeper: { note: () => undefined }, wall: clock },
    report: { warn: () => undefined, fail: expect.unreachable },
    ...{ onWaiting: () => undefined, onResumed: () => undefined, onEnded: () => undefined },
  });
  for (const width of WIDTHS) {
    if (world.video) world.video.shape.width = width;
    await clock.advance(SECONDS * SECOND);
  }
  const stopping = tracks.stop();
  await clock.advance(3 * SECOND);
  await stopping;
  return [first, second];
};

const DEAD: Fate = { diesAt: 1 };
/** It tells just when the first frame of another size comes. */
const LATE: Fate = { ...DEAD, tellsAfter: SECONDS * SECOND - 1 };
/** The second has given nothing by then. */
const BOTH: Fate[] = [{ diesAt: 20 }, { diesAt: 1, tellsAfter: (19 / 30) * SECOND }];

test.each([
  ['of the first recording dies', [DEAD], ['start', 'video-size']],
  ['of the second dies', [{}, DEAD], ['start', 'video-size']],
  ['of both die', [DEAD, DEAD], ['start', 'video-size']],
  ['of the second dies behind a cut', [{}, {}, {}, DEAD], ['start', 'video-size']],
  ['of the second is dead when the picture changes', [{}, LATE], ['start', 'video-size']],
  ['of the first has given packets when both die', BOTH, ['start', 'encoder-restart', 'video-size']],
  ['of the first has given packets', [{ diesAt: 20 }], ['start', 'encoder-restart', 'video-size']],
] as const)('when the encoder %s', async (_, fates, reasons) => {
  const [first, second] = await record(fates);
  expect(first.cuts.map(([reason]) => reason)).toEqual(reasons);
  expect(second.cuts).toEqual(first.cuts);
  const { framesIn } = first.stats;
  expect(framesIn).toBeGreaterThan(80);
  for (const { frames, stats } of [first, second]) {
    expect(frames + stats.framesDropped).toBe(framesIn);
    expect(stats.framesDropped).toBeLessThan(fates.some(fate => (fate as Fate).tellsAfter) ? 46 : 8);
  }
});
