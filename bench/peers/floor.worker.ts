/** Encodes as steadyreel does, with the encoders that it chooses, and keeps nothing but the numbers of the frames. */
import { chooseAudio, chooseVideo } from '../../src/encode/choose.ts';
import type { Wanted } from './messages.ts';
import { RATE } from './plan.mjs';

interface Begin {
  wanted: Wanted;
  readables: { kind: string; readable: ReadableStream }[];
}

const frames: number[] = [];
const readers: ReadableStreamDefaultReader[] = [];
const ended: Promise<void>[] = [];
const encoders: (VideoEncoder | AudioEncoder)[] = [];
const error = (thrown: unknown): void => {
  throw thrown;
};

const readAll = async <T extends { close(): void }>(
  readable: ReadableStream<T>,
  use: (item: T) => void,
): Promise<void> => {
  const reader = readable.getReader();
  readers.push(reader);
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    use(value);
    value.close();
  }
};

const begin = async ({ wanted, readables }: Begin): Promise<void> => {
  const { width, height, bitrate, audioBitrate, keyFrameInterval } = wanted;
  const { config } = await chooseVideo('avc', { width, height, frameRate: RATE }, bitrate);
  const video = new VideoEncoder({
    output: ({ timestamp }) => frames.push(Math.round((timestamp * RATE) / 1e6)),
    error,
  });
  video.configure(config);
  const audio = new AudioEncoder({ output: () => undefined, error });
  audio.configure(
    (await chooseAudio('opus', { sampleRate: 48_000, numberOfChannels: 2 }, audioBitrate)).config,
  );
  encoders.push(video, audio);
  let lastKey = Number.NEGATIVE_INFINITY;
  for (const { kind, readable } of readables) {
    if (kind === 'audio') ended.push(readAll<AudioData>(readable, data => audio.encode(data)));
    else
      ended.push(
        readAll<VideoFrame>(readable, frame => {
          const keyFrame = frame.timestamp - lastKey >= keyFrameInterval * 1e6;
          if (keyFrame) lastKey = frame.timestamp;
          video.encode(frame, { keyFrame });
        }),
      );
  }
};

const stop = async () => {
  for (const reader of readers) await reader.cancel();
  await Promise.all(ended);
  for (const encoder of encoders) await encoder.flush();
  return { keys: [], frames };
};

self.onmessage = async ({ data }: MessageEvent<Begin | 'stop'>) => {
  self.postMessage(data === 'stop' ? await stop() : await begin(data));
};
