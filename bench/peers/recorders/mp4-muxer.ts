/** WebCodecs by hand, on the page, as its examples show it. */
import { Muxer, StreamTarget } from 'mp4-muxer';
import type { Start } from '../messages.ts';

type Processor = new <T>(init: { track: MediaStreamTrack }) => { readonly readable: ReadableStream<T> };

const readerOf = <T>(track: MediaStreamTrack | undefined): ReadableStreamDefaultReader<T> => {
  const { MediaStreamTrackProcessor } = globalThis as unknown as { MediaStreamTrackProcessor: Processor };
  if (!track) throw new Error('A track is missing.');
  return new MediaStreamTrackProcessor<T>({ track }).readable.getReader();
};

const readAll = async <T extends { close(): void }>(
  reader: ReadableStreamDefaultReader<T>,
  use: (item: T) => void,
): Promise<void> => {
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    try {
      use(value);
    } finally {
      value.close();
    }
  }
};

export const start: Start = async (stream, wanted, troubled) => {
  const { width, height, codec, bitrate, audioBitrate, keyFrameInterval } = wanted;
  const [sampleRate, numberOfChannels] = [48_000, 2];
  const parts: BlobPart[] = [];
  const muxer = new Muxer({
    // Fragmented, it writes nothing that lies before what it has written.
    target: new StreamTarget({
      onData: (data, _position) => parts.push(data as Uint8Array<ArrayBuffer>),
    }),
    fastStart: 'fragmented',
    video: { codec: 'avc', width, height },
    audio: { codec: 'opus', sampleRate, numberOfChannels },
    firstTimestampBehavior: 'cross-track-offset',
  });
  const error = (thrown: unknown): void => troubled(String(thrown));
  const video = new VideoEncoder({ output: (chunk, meta) => muxer.addVideoChunk(chunk, meta), error });
  video.configure({ codec, width, height, bitrate, framerate: 30, latencyMode: 'quality' });
  const audio = new AudioEncoder({ output: (chunk, meta) => muxer.addAudioChunk(chunk, meta), error });
  audio.configure({ codec: 'opus', sampleRate, numberOfChannels, bitrate: audioBitrate });
  const pictures = readerOf<VideoFrame>(stream.getVideoTracks()[0]);
  const sounds = readerOf<AudioData>(stream.getAudioTracks()[0]);
  let lastKey = Number.NEGATIVE_INFINITY;
  const done = Promise.all([
    readAll(pictures, frame => {
      const keyFrame = frame.timestamp - lastKey >= keyFrameInterval * 1e6;
      if (keyFrame) lastKey = frame.timestamp;
      video.encode(frame, { keyFrame });
    }).catch(error),
    readAll(sounds, data => audio.encode(data)).catch(error),
  ]);
  return {
    async stop() {
      await Promise.all([pictures.cancel(), sounds.cancel()]);
      await done;
      for (const encoder of [video, audio]) if (encoder.state === 'configured') await encoder.flush();
      muxer.finalize();
      return { blob: new Blob(parts, { type: 'video/mp4' }) };
    },
  };
};
