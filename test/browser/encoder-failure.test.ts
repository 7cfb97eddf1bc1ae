/** Encoders that die in flight are replaced: what they held is lost and counted, and nothing else is. */
import {
  device,
  Recorder,
  type RecorderEvents,
  type Recording,
  type SteadyreelError,
  tus,
  unfinishedRecordings,
} from 'steadyreel';
import { expect, inject, test } from 'vitest';
import { commands } from 'vitest/browser';
import { checkFiles } from './support/check.ts';
import type { ToldEncoder } from './support/failing-encoders.ts';
import { gapsOf, phaseOf, type Sound, soundsOf } from './support/sound.ts';
import { AudioSource, VideoSource } from './support/source.ts';

const RATE = 48_000;
/** Samples of a packet of Opus. */
const PACKET = 960;
const FRAME_RATE = 30;
/** Hertz. */
const FREQUENCY = 500;

interface Outcome {
  recorder: Recorder;
  recording: Recording;
  /** What `stop()` rejected with. */
  error: SteadyreelError | undefined;
  /** Codes of the errors that events told of. */
  errors: string[];
  warnings: RecorderEvents['warning'][];
  encoders: ToldEncoder[];
  samples: number;
}

/** Three seconds of picture and sound; `failures` says which encoders fail, and when. */
const record = async (failures: Record<string, string>): Promise<Outcome> => {
  const tell = crypto.randomUUID();
  const workerUrl = new URL('./support/failing-worker.ts', import.meta.url);
  workerUrl.search = String(new URLSearchParams({ ...failures, tell }));
  const encoders: ToldEncoder[] = [];
  const channel = new BroadcastChannel(tell);
  channel.onmessage = ({ data }) => encoders.push(data as ToldEncoder);
  const [video, audio] = [new VideoSource(), new AudioSource()];
  const recorder = new Recorder(new MediaStream([video.track, audio.track]), {
    storage: tus({ endpoint: inject('endpoint') }),
    workerUrl,
  });
  const warnings: RecorderEvents['warning'][] = [];
  recorder.on('warning', e => warnings.push(e));
  const errors: string[] = [];
  recorder.on('error', e => errors.push(e.error.code));
  await recorder.start();
  await Promise.all([video.feed(90), audio.feed(3, { numberOfChannels: 1, frequency: FREQUENCY })]);
  const error = await recorder.stop().then(
    () => undefined,
    thrown => thrown as SteadyreelError,
  );
  channel.close();
  const recording = recorder.recording as Recording;
  return { recorder, recording, error, errors, warnings, encoders, samples: audio.samples };
};

/** The counters that are in the files, in order, each at its own time but for the first of a file, which is shown from its beginning. */
const countersOf = async ({ recording, recorder }: Outcome): Promise<number[]> => {
  const found: number[] = [];
  const most = (recorder.stats.framesDropped + 0.1) / FRAME_RATE;
  for (const { key, video, startTime, duration } of recording.files) {
    if (!video) continue;
    const [counters, packets] = await Promise.all([
      commands.counters(key, video.codedWidth, video.codedHeight),
      commands.packets(key, 'v'),
    ]);
    for (const [i, { pts }] of packets.entries()) {
      const moved = Math.abs(startTime + pts - (counters[i] ?? Number.NaN) / FRAME_RATE);
      expect(moved, `${key}: frame ${i}`).toBeLessThan(i === 0 ? most : 0.002);
      expect(pts).toBeLessThan(duration);
    }
    found.push(...counters);
  }
  return found;
};

/** All of the frames that came in are in the files once, in order, or counted as lost; and somebody was told. */
const expectLossCounted = async (outcome: Outcome): Promise<number[]> => {
  const { recorder, warnings } = outcome;
  const { framesIn, framesDropped } = recorder.stats;
  const counters = await countersOf(outcome);
  expect(counters).toEqual([...new Set(counters)].sort((a, b) => a - b));
  expect(framesDropped).toBeGreaterThan(0);
  expect(framesIn - counters.length, 'frames that are missing').toBe(framesDropped);
  const told = warnings.filter(w => w.code === 'frames-dropped');
  expect(told.at(-1)?.count).toBe(framesDropped);
  return counters;
};

/** The sound does not notice. */
const expectSoundWhole = async ({ recording, samples }: Outcome): Promise<void> => {
  const sounds = await soundsOf(recording, RATE);
  for (const gap of gapsOf(sounds)) expect(Math.abs(gap * RATE)).toBeLessThan(1);
  const total = sounds.reduce((sum, sound) => sum + sound.samples.length, 0);
  expect(Math.abs(total - samples)).toBeLessThanOrEqual(PACKET);
};

/** Video encoders in the order in which they were asked, by family and what was wanted of the hardware. */
const asked = ({ encoders }: Outcome): string[] =>
  encoders
    .filter(({ codec }) => codec !== 'opus')
    .map(({ codec, hardwareAcceleration }) => `${codec.replace(/\..*/, '')} ${hardwareAcceleration}`);

test('an encoder that the browser takes away: one cut, and what it held is counted', async () => {
  const outcome = await record({ kind: 'video', at: '45', holds: '8' });
  const { recording, error } = outcome;
  expect(error).toBeUndefined();
  expect(recording.files.map(f => f.reason)).toEqual(['start', 'encoder-restart']);
  expect(recording.files.map(f => f.video?.codec.slice(0, 4))).toEqual(['avc1', 'avc1']);
  await checkFiles(recording, true);
  const counters = await expectLossCounted(outcome);
  expect(counters).toEqual(Array.from({ length: 90 }, (_, i) => i).filter(i => i < 37 || i > 44));
  await expectSoundWhole(outcome);
});

test.concurrent('then software, then the next codec: those that give nothing leave no file behind', async () => {
  const outcome = await record({ kind: 'video', codec: 'avc1', at: '45,1', forever: '' });
  const { recording, error } = outcome;
  expect(error).toBeUndefined();
  expect(asked(outcome)).toEqual(['avc1 no-preference', 'avc1 prefer-software', 'vp09 no-preference']);
  await checkFiles(recording, true);
  await expectLossCounted(outcome);
  await expectSoundWhole(outcome);
  expect(recording.files.map(f => f.video?.codec.slice(0, 4))).toEqual(['avc1', 'vp09']);
  expect(recording.files.map(f => f.reason)).toEqual(['start', 'video-codec']);
});

test.concurrent('encoders that work for a while: each leaves a file, until the next codec takes over', async () => {
  const outcome = await record({ kind: 'video', codec: 'avc1', at: '45,20', forever: '' });
  const { recording, error } = outcome;
  expect(error).toBeUndefined();
  expect(recording.files.map(f => f.reason)).toEqual(['start', 'encoder-restart', 'video-codec']);
  expect(recording.files.map(f => f.video?.codec.slice(0, 4))).toEqual(['avc1', 'avc1', 'vp09']);
  await checkFiles(recording, true);
  await expectLossCounted(outcome);
  await expectSoundWhole(outcome);
});

test.concurrent('no encoder works any more: the recording ends with an error, and all before it is kept', async () => {
  const outcome = await record({ kind: 'video', at: '45,1', forever: '' });
  const { recorder, recording, error, errors } = outcome;
  expect([error?.code, ...errors, recorder.state]).toEqual(['encoder-failed', 'encoder-failed', 'failed']);
  // What the encoder said, not that there is no other.
  expect(error?.message).toContain('The codec was reclaimed.');
  expect([recording.state, recording.error?.code]).toEqual(['failed', 'encoder-failed']);
  // The storage has all of it: nothing is left here to be finished.
  expect((await device().list()).map(({ id }) => id)).not.toContain(recording.id);
  const left = await unfinishedRecordings({ storage: tus({ endpoint: inject('endpoint') }) });
  expect(left.map(({ id }) => id)).not.toContain(recording.id);
  await checkFiles({ ...recording, state: 'complete' }, true);
  const counters = await expectLossCounted(outcome);
  expect(counters).toEqual(Array.from({ length: recording.files[0]?.video?.frames ?? 0 }, (_, i) => i));
  expect(counters.length).toBeGreaterThan(40);
  for (const gap of gapsOf(await soundsOf(recording, RATE))) expect(Math.abs(gap * RATE)).toBeLessThan(1);
});

test.concurrent('no encoder works at all: the error says so', async () => {
  const { recorder, error } = await record({ kind: 'video', at: '1', forever: '' });
  expect([error?.code, recorder.state]).toEqual(['encoder-failed', 'failed']);
});

/** Hundredths of a second in which no tone is heard. */
const quiet = ({ samples }: Sound): number => {
  let found = 0;
  for (let at = 0; at + RATE / 100 <= samples.length; at += RATE / 100)
    if (!samples.subarray(at, at + RATE / 100).some(sample => Math.abs(sample) > 0.1)) found++;
  return found;
};

test.concurrent('an audio encoder that dies is replaced: what is lost is silent, counted, and moves nothing', async () => {
  const outcome = await record({ kind: 'audio', at: '75' });
  const { recorder, recording, error, warnings } = outcome;
  expect(error).toBeUndefined();
  expect(outcome.encoders.filter(e => e.codec === 'opus')).toHaveLength(2);
  await checkFiles(recording);
  expect(recorder.stats.framesDropped).toBe(0);
  expect(await countersOf(outcome)).toHaveLength(90);
  await expectSoundWhole(outcome);
  const [sound] = await soundsOf(recording, RATE);
  const { audioSamplesFilled, audioSamplesDropped } = recorder.stats;
  const counted = audioSamplesFilled + audioSamplesDropped;
  expect(counted).toBeGreaterThan(0);
  expect(quiet(sound as Sound) * (RATE / 100)).toBeLessThanOrEqual(counted + PACKET);
  expect(warnings.map(w => w.code)).toContain('audio-gap');
  const phases = [0.3, 2.3].map(second => {
    const from = Math.round(second * RATE);
    return phaseOf(sound as Sound, FREQUENCY, from, from + RATE / 10);
  });
  expect(phases[1]).toBeCloseTo(phases[0] ?? 0, 1);
});
