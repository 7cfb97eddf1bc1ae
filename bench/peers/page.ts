/** The page of `npm run bench`: one source, and all that record it. */
import type { Made, Scene, SourceMessage, Start, Started, Stored } from './messages.ts';
import { start as apiVideo } from './recorders/api-video.ts';
import { start as floor } from './recorders/floor.ts';
import { startMp4, startWebm } from './recorders/media-recorder.ts';
import { start as mediabunny } from './recorders/mediabunny.ts';
import { start as mp4Muxer } from './recorders/mp4-muxer.ts';
import { start as recordrtc } from './recorders/recordrtc.ts';
import { start as steadyreel } from './recorders/steadyreel.ts';
import { upload } from './upload.ts';

const idle: Start = async () => ({ stop: async () => ({ keys: [] }) });

const starters: Record<string, Start> = {
  ...{ idle, floor, steadyreel, recordrtc, mediabunny },
  ...{ 'media-recorder': startMp4, 'media-recorder-webm': startWebm },
  ...{ 'mp4-muxer': mp4Muxer, 'api-video': apiVideo },
};

/** Chromium only, and in no standard library. */
type Generator = new (init: { kind: string }) => MediaStreamTrack & { readonly writable: WritableStream };

const source = new Worker('/source.js');

const ask = (message: SourceMessage, transfer: Transferable[] = []): Promise<Made> =>
  new Promise(resolve => {
    source.addEventListener('message', ({ data }) => resolve(data), { once: true });
    source.postMessage(message, transfer);
  });

const madeUntil = async (frames: number): Promise<void> => {
  while ((await ask({ type: 'made' })).frames < frames) await new Promise(resolve => setTimeout(resolve, 50));
};

let scene: Scene | undefined;
let stream = new MediaStream();

const now = (): number => performance.timeOrigin + performance.now();

const begin = async (mode: string): Promise<() => Promise<Stored>> => {
  const starter = starters[mode];
  if (!starter || !scene) throw new Error(`There is no "${mode}", or no source.`);
  const troubles: string[] = [];
  const session = await starter(
    stream,
    { ...scene, audioBitrate: 128_000, keyFrameInterval: 2 },
    message => troubles.length < 20 && troubles.push(message),
  );
  return async () => {
    const made = await ask({ type: 'made' });
    const called = performance.now();
    const { keys, blob, unsent, frames, begun } = await session.stop();
    const stored = keys ?? (blob && blob.size > 0 ? [await upload(blob)] : []);
    const stopMs = performance.now() - called;
    return {
      ...{ keys: stored, stopMs, unsent: unsent ?? blob?.size ?? 0, frames, begun, troubles, made },
    };
  };
};

let stop: (() => Promise<Stored>) | undefined;

const page = {
  /** Starts the source, and waits for its first second: it has made its pictures ready then. */
  async open(wanted: Scene): Promise<void> {
    scene = wanted;
    const { MediaStreamTrackGenerator } = globalThis as unknown as { MediaStreamTrackGenerator: Generator };
    const [video, audio] = [
      new MediaStreamTrackGenerator({ kind: 'video' }),
      new MediaStreamTrackGenerator({ kind: 'audio' }),
    ];
    stream = new MediaStream([video, audio]);
    const writables = { video: video.writable, audio: audio.writable };
    await ask({ type: 'start', ...writables, scene }, [video.writable, audio.writable]);
    await madeUntil(30);
  },

  async start(mode: string): Promise<void> {
    stop = await begin(mode);
  },

  async stop(): Promise<Stored> {
    if (!stop) throw new Error('Nothing has been started.');
    return stop();
  },

  /** Keeps the main thread from everything else; seconds. */
  block(seconds: number): void {
    const end = performance.now() + seconds * 1_000;
    while (performance.now() < end);
  },

  /** Has the source change so often, and waits until it has, and has shown the last for as long. */
  async change(count: number, every: number): Promise<void> {
    const { plan } = await ask({ type: 'change', plan: { count, every } });
    if (plan) await madeUntil(plan.from + every * (count + 1));
  },

  /** Records half a second, so often. */
  async starts(mode: string, times: number): Promise<Started[]> {
    const all: Started[] = [];
    for (let i = 0; i < times; i++) {
      const calledAt = now();
      const end = await begin(mode);
      const saidMs = now() - calledAt;
      await madeUntil((await ask({ type: 'made' })).frames + 15);
      all.push({ calledAt, saidMs, stored: await end() });
    }
    return all;
  },
};

Object.assign(globalThis, { page });
