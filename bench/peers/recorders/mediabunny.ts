import {
  MediaStreamAudioTrackSource,
  MediaStreamVideoTrackSource,
  Mp4OutputFormat,
  Output,
  StreamTarget,
  type StreamTargetChunk,
} from 'mediabunny';
import type { Start } from '../messages.ts';

export const start: Start = async (stream, wanted, troubled) => {
  const { codec, bitrate, audioBitrate, keyFrameInterval } = wanted;
  const [video] = stream.getVideoTracks();
  const [audio] = stream.getAudioTracks();
  const parts: BlobPart[] = [];
  const target = new StreamTarget(
    new WritableStream<StreamTargetChunk>({ write: ({ data }) => void parts.push(data) }),
  );
  // What has been written stays as it is: the pieces one after another are the file.
  const output = new Output({ format: new Mp4OutputFormat({ fastStart: 'fragmented' }), target });
  const pictures = new MediaStreamVideoTrackSource(
    video as MediaStreamVideoTrack,
    { codec: 'avc', fullCodecString: codec, bitrate, keyFrameInterval },
    // It would else look at a clock of its own, and repeat frames and leave others out.
    { frameRate: null },
  );
  const sounds = new MediaStreamAudioTrackSource(audio as MediaStreamAudioTrack, {
    ...{ codec: 'opus', bitrate: audioBitrate },
  });
  for (const { errorPromise } of [pictures, sounds])
    errorPromise.catch(error => troubled(error instanceof Error ? error.message : String(error)));
  output.addVideoTrack(pictures);
  output.addAudioTrack(sounds);
  await output.start();
  return {
    async stop() {
      await output.finalize().catch(error => troubled(`finalize: ${String(error)}`));
      return { blob: new Blob(parts, { type: 'video/mp4' }) };
    },
  };
};
