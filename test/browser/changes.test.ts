/** Every change of parameters, one at a time: two files, each right, no frame lost. */
import { type CutReason, Recorder, type RecorderOptions, type Recording, tus } from 'steadyreel';
import { expect, inject, test } from 'vitest';
import { checkCounters, checkFiles } from './support/check.ts';
import {
  type AudioLook,
  AudioSource,
  BT601,
  BT709,
  BT709_FULL,
  type FrameLook,
  VideoSource,
} from './support/source.ts';

interface Outcome {
  recording: Recording;
  warnings: string[];
  recorder: Recorder;
  fed: number;
}

/** Records a second and a half of each look. */
const record = async (
  looks: { video?: [FrameLook, FrameLook]; audio?: [AudioLook, AudioLook] },
  options: RecorderOptions = {},
): Promise<Outcome> => {
  const video = looks.video && new VideoSource();
  const audio = new AudioSource();
  const tracks = [...(video ? [video.track] : []), audio.track];
  const recorder = new Recorder(new MediaStream(tracks), {
    storage: tus({ endpoint: inject('endpoint') }),
    ...options,
  });
  const warnings: string[] = [];
  recorder.on('warning', e => warnings.push(e.code));
  await recorder.start();
  await Promise.all([
    (async () => {
      for (const look of looks.video ?? []) await video?.feed(45, look);
    })(),
    (async () => {
      for (const look of looks.audio ?? [{}, {}]) await audio.feed(1.5, look);
    })(),
  ]);
  const recording = await recorder.stop();
  return { recording, warnings, recorder, fed: video?.count ?? 0 };
};

const plain: FrameLook = { width: 640, height: 360 };

const videoCases: [name: string, reason: CutReason, before: FrameLook, after: FrameLook][] = [
  ['size up', 'video-size', plain, { width: 1280, height: 720 }],
  ['size down', 'video-size', { width: 1280, height: 720 }, { width: 320, height: 180 }],
  ['odd size', 'video-size', plain, { width: 853, height: 479 }],
  ['pixel aspect', 'video-size', plain, { ...plain, displayWidth: 480, displayHeight: 360 }],
  ['rotation', 'video-rotation', plain, { ...plain, rotation: 90 }],
  ['rotation back', 'video-rotation', { ...plain, rotation: 270 }, plain],
  ['flip', 'video-rotation', plain, { ...plain, flip: true }],
  ['full range', 'video-color', plain, { ...plain, colorSpace: BT709_FULL }],
  ['limited range', 'video-color', { ...plain, colorSpace: BT709_FULL }, plain],
  ['primaries and matrix', 'video-color', plain, { ...plain, colorSpace: BT601 }],
];

test.concurrent.each(videoCases)('%s', async (_, reason, before, after) => {
  const { recording, fed, recorder } = await record({ video: [before, after] });
  expect(recording.files.map(f => f.reason)).toEqual(['start', reason]);
  await checkFiles(recording);
  const counters = await checkCounters(recording, fed);
  // The new file begins at the changed frame itself.
  expect(counters[1]?.[0]).toBe(45);
  for (const [i, look] of [before, after].entries()) {
    expect(recording.files[i]?.video).toMatchObject({
      codedWidth: look.width,
      codedHeight: look.height,
      rotation: look.rotation ?? 0,
      flip: look.flip ?? false,
      colorSpace: look.colorSpace ?? BT709,
    });
  }
  expect(recording.events.filter(e => e.type === 'cut')).toHaveLength(1);
  expect(recorder.stats).toMatchObject({
    framesIn: fed,
    framesEncoded: fed,
    framesDropped: 0,
    framesFitted: 0,
    cuts: 1,
  });
});

const audioCases: [name: string, reason: CutReason, before: AudioLook, after: AudioLook][] = [
  ['sample rate', 'audio-sample-rate', { sampleRate: 48_000 }, { sampleRate: 44_100 }],
  ['channels', 'audio-channels', { numberOfChannels: 2 }, { numberOfChannels: 1 }],
];

test.concurrent.each(audioCases)('%s, with video', async (_, reason, before, after) => {
  const { recording, fed } = await record({ video: [plain, plain], audio: [before, after] });
  expect(recording.files.map(f => f.reason)).toEqual(['start', reason]);
  await checkFiles(recording);
  await checkCounters(recording, fed);
  expect(recording.files[0]?.audio).toMatchObject({ sampleRate: 48_000, numberOfChannels: 2, ...before });
  expect(recording.files[1]?.audio).toMatchObject({ sampleRate: 48_000, numberOfChannels: 2, ...after });
});

test.concurrent.each(audioCases)('%s, audio only', async (_, reason, before, after) => {
  const { recording, recorder } = await record({ audio: [before, after] });
  expect(recording.files.map(f => f.reason)).toEqual(['start', reason]);
  await checkFiles(recording);
  expect(recording.duration).toBeGreaterThan(2.9);
  expect(recording.duration).toBeLessThan(3.1);
  expect(recorder.stats.audioSamplesFilled).toBe(0);
});

test.concurrent('codec fallback: AVC was asked for, the new size is one that AVC can not hold', async () => {
  const { recording, fed, warnings } = await record(
    { video: [plain, { width: 639, height: 359 }] },
    { video: { codec: 'avc' } },
  );
  expect(recording.files.map(f => f.video?.codec.slice(0, 4))).toEqual(['avc1', 'vp09']);
  expect(warnings).toContain('codec-fallback');
  await checkFiles(recording);
  await checkCounters(recording, fed);
});

test.concurrent.each(['vp9', 'av1', 'vp8'] as const)('codec %s: size and full range', async codec => {
  const { recording, fed } = await record(
    { video: [plain, { width: 854, height: 480, colorSpace: BT709_FULL }] },
    { video: { codec } },
  );
  expect(recording.files).toHaveLength(2);
  await checkFiles(recording);
  await checkCounters(recording, fed);
});

test.concurrent('a change of pixel format alone is an event, not a cut', async () => {
  const { recording, fed } = await record({ video: [plain, { ...plain, format: 'NV12' }] });
  expect(recording.files).toHaveLength(1);
  await checkCounters(recording, fed);
  expect(recording.events).toContainEqual({ time: 1.5, type: 'pixel-format', before: 'I420', after: 'NV12' });
});
