/** Many changes, long recordings, big ones, and a busy page. */
import { type FileVideo, Recorder, type RecorderOptions, type Storage, tus } from 'steadyreel';
import { expect, inject, test } from 'vitest';
import { commands } from 'vitest/browser';
import { checkCounters, checkFiles } from './support/check.ts';
import { AudioSource, BT601, BT709_FULL, type FrameLook, makeFrame, VideoSource } from './support/source.ts';

const onServer = (): Storage => tus({ endpoint: inject('endpoint') });

const looks: FrameLook[] = [
  { width: 640, height: 360 },
  { width: 480, height: 270, rotation: 90 },
  { width: 640, height: 360, colorSpace: BT709_FULL },
  { width: 320, height: 240, flip: true },
  { width: 640, height: 480, colorSpace: BT601 },
];

test.concurrent('30 changes at 10 a second: no frame lost, at most one file a second', async () => {
  const video = new VideoSource();
  const audio = new AudioSource();
  const recorder = new Recorder(new MediaStream([video.track, audio.track]), { storage: onServer() });
  await recorder.start();
  const feeding = audio.feed(4);
  for (let change = 0; change <= 30; change++) await video.feed(3, looks[change % looks.length]);
  await video.feed(27, looks[0]);
  await feeding;
  const recording = await recorder.stop();
  await checkFiles(recording);
  await checkCounters(recording, 120);
  expect(recording.files.length).toBeLessThanOrEqual(4);
  expect(recording.files.length).toBeGreaterThanOrEqual(3);
  for (const file of recording.files.slice(0, -1)) expect(file.duration).toBeGreaterThanOrEqual(1);
  expect(recorder.stats.framesFitted).toBeGreaterThan(40);
  expect(recorder.stats.framesDropped).toBe(0);
});

test.concurrent('frames that are fitted keep their colours', async () => {
  // A red frame in every way of writing red, in the middle of a file that began otherwise.
  const red = (timestamp: number, look: FrameLook, yuv: [number, number, number]): VideoFrame => {
    const { width = 640, height = 360 } = look;
    const data = new Uint8Array((width * height * 3) / 2);
    data.fill(yuv[0], 0, width * height);
    data.fill(yuv[1], width * height, (width * height * 5) / 4);
    data.fill(yuv[2], (width * height * 5) / 4);
    const init = {
      format: 'I420',
      codedWidth: width,
      codedHeight: height,
      timestamp,
      colorSpace: look.colorSpace,
    } as const;
    return new VideoFrame(data, init as VideoFrameBufferInit);
  };
  const generator = new VideoSource();
  const recorder = new Recorder(new MediaStream([generator.track]), {
    storage: onServer(),
    cut: { minFileDuration: 10 },
    video: { bitrate: 4_000_000 },
  });
  await recorder.start();
  await generator.feed(3, { width: 640, height: 360, colorSpace: BT709_FULL });
  await generator.feedFrames(12, timestamp =>
    red(timestamp, { width: 320, height: 180, colorSpace: BT601 }, [81, 90, 240]),
  );
  const recording = await recorder.stop();
  expect(recording.files).toHaveLength(1);
  const [r = 0, g = 255, b = 255] = await commands.middleColor(recording.files[0]?.key ?? '', 10);
  expect(r).toBeGreaterThan(235);
  expect(g).toBeLessThan(25);
  expect(b).toBeLessThan(25);
});

test.concurrent('no file is longer than maxFileDuration, and nothing is lost between them', async () => {
  const video = new VideoSource();
  const audio = new AudioSource();
  const options: RecorderOptions = { storage: onServer(), cut: { maxFileDuration: 1, minFileDuration: 0.5 } };
  const recorder = new Recorder(new MediaStream([video.track, audio.track]), options);
  await recorder.start();
  await Promise.all([video.feed(105), audio.feed(3.5)]);
  const recording = await recorder.stop();
  await checkFiles(recording);
  const counters = await checkCounters(recording, 105);
  expect(counters.map(c => c.length)).toEqual([30, 30, 30, 15]);
  expect(recording.files.map(f => f.reason)).toEqual([
    'start',
    'max-duration',
    'max-duration',
    'max-duration',
  ]);
  for (const file of recording.files) expect(file.duration).toBeLessThanOrEqual(1.0005);
});

test.concurrent('no file is larger than maxFileBytes', async () => {
  const video = new VideoSource();
  const options: RecorderOptions = {
    storage: onServer(),
    cut: { maxFileBytes: 150_000 },
    video: { bitrate: 1_500_000 },
  };
  const recorder = new Recorder(new MediaStream([video.track]), options);
  await recorder.start();
  await video.feed(180, { width: 640, height: 360, noise: true });
  const recording = await recorder.stop();
  await checkFiles(recording);
  expect(recording.files.length).toBeGreaterThan(2);
  expect(recording.files.reduce((sum, f) => sum + (f.video as FileVideo).frames, 0)).toBe(180);
  for (const file of recording.files) expect(file.bytes).toBeLessThanOrEqual(150_000);
  expect(new Set(recording.files.slice(1).map(f => f.reason))).toEqual(new Set(['max-bytes']));
});

/** Feeds frames from a worker, so that the page can be blocked. */
const feedFromWorker = (generator: VideoSource, frames: number, look: FrameLook): Promise<void> => {
  const worker = new Worker(new URL('./support/feeder.worker.ts', import.meta.url), { type: 'module' });
  const done = new Promise<void>(resolve => {
    worker.onmessage = () => {
      worker.terminate();
      resolve();
    };
  });
  const writable = generator.handOver();
  worker.postMessage({ writable, frames, frameRate: 30, look }, [writable]);
  return done;
};

test('the main thread blocked for 5 s at 720p30: no frame lost', async () => {
  const video = new VideoSource();
  const recorder = new Recorder(new MediaStream([video.track]), { storage: onServer() });
  await recorder.start();
  const feeding = feedFromWorker(video, 210, { width: 1280, height: 720 });
  await new Promise<void>(resolve => {
    const remove = recorder.on('progress', e => {
      if (e.duration > 0.5) {
        remove();
        resolve();
      }
    });
  });
  const since = performance.now();
  while (performance.now() - since < 5_000);
  await feeding;
  const recording = await recorder.stop();
  await checkFiles(recording);
  await checkCounters(recording, 210);
  expect(recorder.stats.framesDropped).toBe(0);
});

test.concurrent('frames whose timestamps stand still, run back and jump give an orderly file', async () => {
  const video = new VideoSource();
  const recorder = new Recorder(new MediaStream([video.track]), { storage: onServer() });
  const warnings: string[] = [];
  recorder.on('warning', e => warnings.push(e.code));
  await recorder.start();
  await video.feed(10);
  await video.feedFrames(1, (timestamp, counter) => makeFrame(counter, timestamp - 33_333));
  await video.feedFrames(1, (timestamp, counter) => makeFrame(counter, timestamp - 300_000));
  await video.feedFrames(20, (timestamp, counter) => makeFrame(counter, timestamp + 3_600_000_000));
  const recording = await recorder.stop();
  await checkFiles(recording, true);
  await checkCounters(recording, 32);
  expect(warnings).toContain('timestamps');
  expect(recording.duration).toBeLessThan(2);
  const times = (await commands.packets(recording.files[0]?.key ?? '', 'v')).map(p => p.pts);
  expect(times.every((time, i) => i === 0 || time > (times[i - 1] ?? 0))).toBe(true);
});

test('an encoder that can not keep up: frames are left out, each counted and told of', async () => {
  const video = new VideoSource(60);
  const recorder = new Recorder(new MediaStream([video.track]), {
    storage: onServer(),
    video: { codec: 'av1' },
  });
  const told: number[] = [];
  recorder.on('warning', e => e.code === 'frames-dropped' && told.push(e.count));
  await recorder.start();
  await video.feed(25, { width: 3840, height: 2160, noise: true });
  const recording = await recorder.stop();
  const { framesIn, framesEncoded, framesDropped } = recorder.stats;
  expect(framesDropped).toBeGreaterThan(0);
  expect(framesEncoded + framesDropped).toBe(framesIn);
  expect(told.at(-1)).toBe(framesDropped);
  await checkFiles(recording, true);
  expect(recording.files[0]?.video?.frames).toBe(framesEncoded);
});

test.concurrent('key frames come as often as asked for', async () => {
  const video = new VideoSource();
  const options: RecorderOptions = { storage: onServer(), video: { keyFrameInterval: 0.5 } };
  const recorder = new Recorder(new MediaStream([video.track]), options);
  await recorder.start();
  await video.feed(60);
  const recording = await recorder.stop();
  const packets = await commands.packets(recording.files[0]?.key ?? '', 'v');
  expect(packets.flatMap((p, i) => (p.key ? [i] : []))).toEqual([0, 15, 30, 45]);
});

test.concurrent('frames that come all at once, faster than their timestamps say, are all there after stop()', async () => {
  const video = new VideoSource(2_000);
  const recorder = new Recorder(new MediaStream([video.track]), { storage: onServer() });
  await recorder.start();
  await video.feedFrames(50, (_, counter) =>
    makeFrame(counter, counter * 33_333, { width: 320, height: 180 }),
  );
  const recording = await recorder.stop();
  await checkFiles(recording);
  await checkCounters(recording, 50);
  expect(recording.duration).toBeCloseTo(50 / 30, 1);
});
