/** Encoders delay sound. Files say by how much, so that decoders give each sample back where it was fed. */
import { Recorder, type Recording, type Storage, tus } from 'steadyreel';
import { expect, inject, test } from 'vitest';
import { checkFiles } from './support/check.ts';
import { beeps, SignalSource } from './support/signal.ts';
import { onsets, type Sound, soundOf } from './support/sound.ts';
import { VideoSource } from './support/source.ts';

const storage = (): Storage => tus({ endpoint: inject('endpoint') });

const PERIOD = 0.25;
const AT = 0.05;
/** Seconds; a tenth of this is what the measurement itself is good for. */
const EXACT = 0.001;

/** A beep every quarter of a second; the first begins 50 ms after the first sample. */
const source = (sampleRate: number): SignalSource =>
  new SignalSource(beeps(PERIOD, AT, 0.03), { sampleRate });

const expected = (seconds: number): number[] =>
  Array.from({ length: seconds / PERIOD }, (_, i) => AT + i * PERIOD);

/** As Chromium decodes it: without a timeline, from the first sample that is to be heard. */
const inChromium = async (key: string): Promise<Sound> => {
  const file = (await storage().read(key)) as Blob;
  const context = new OfflineAudioContext(1, 1, 48_000);
  const buffer = await context.decodeAudioData(await file.arrayBuffer());
  return { start: 0, sampleRate: buffer.sampleRate, samples: buffer.getChannelData(0) };
};

const expectAt = (found: readonly number[], wanted: readonly number[], what: string): void => {
  expect(found.length, `${what}: ${found}`).toBe(wanted.length);
  const errors = found.map((time, i) => time - (wanted[i] ?? 0));
  for (const error of errors) expect(Math.abs(error), `${what}: ${errors}`).toBeLessThan(EXACT);
};

const cases = [
  ['aac', 48_000],
  ['aac', 44_100],
  ['opus', 48_000],
  ['opus', 44_100],
  ['opus', 16_000],
] as const;

test.concurrent.each(cases)(
  'sound alone, %s at %i Hz: every beep is where it was fed',
  async (codec, sampleRate) => {
    const audio = source(sampleRate);
    const recorder = new Recorder(new MediaStream([audio.track]), { storage: storage(), audio: { codec } });
    await recorder.start();
    await audio.feed(2);
    const recording = await recorder.stop();
    await checkFiles(recording);
    const key = recording.files[0]?.key ?? '';
    const rate = codec === 'opus' ? 48_000 : sampleRate;
    expectAt(onsets(await soundOf(key, rate)), expected(2), 'ffmpeg');
    expectAt(onsets(await inChromium(key)), expected(2), 'Chromium');
  },
);

/** Where beeps are on the recording's timeline, by both decoders. */
const onTimeline = async (recording: Recording, rate: number): Promise<[number[], number[]]> => {
  const found: [number[], number[]] = [[], []];
  for (const { key, startTime, audio } of recording.files) {
    // What Chromium gives has no timeline: it begins where the file's sound does.
    const begin = Math.max(0, audio?.startTime ?? 0);
    found[0].push(...onsets(await soundOf(key, rate)).map(time => startTime + time));
    found[1].push(...onsets(await inChromium(key)).map(time => startTime + begin + time));
  }
  return found;
};

test.concurrent.each(cases)(
  'with a picture and cuts, %s at %i Hz: they stay there',
  async (codec, sampleRate) => {
    const audio = source(sampleRate);
    const video = new VideoSource();
    const recorder = new Recorder(new MediaStream([audio.track, video.track]), {
      storage: storage(),
      audio: { codec },
    });
    await recorder.start();
    const picture = async (): Promise<void> => {
      for (const height of [360, 270, 180]) await video.feed(30, { width: 480, height });
    };
    await Promise.all([audio.feed(3), picture()]);
    const recording = await recorder.stop();
    expect(recording.files).toHaveLength(3);
    await checkFiles(recording);
    const rate = codec === 'opus' ? 48_000 : sampleRate;
    const [byFfmpeg, byChromium] = await onTimeline(recording, rate);
    // How sound lies against the picture is a matter of arrival; all of it is moved alike.
    const moved = (byFfmpeg[0] ?? 0) - AT;
    expect(Math.abs(moved)).toBeLessThan(0.02);
    const wanted = expected(3).map(time => time + moved);
    expectAt(byFfmpeg, wanted, 'ffmpeg');
    expectAt(byChromium, wanted, 'Chromium');
  },
);
