import { Recorder, tus } from 'steadyreel';
import type { Start } from '../messages.ts';

export const start: Start = async (stream, { bitrate, audioBitrate, keyFrameInterval }, troubled) => {
  const recorder = new Recorder(stream, {
    storage: tus({ endpoint: '/storage' }),
    video: { codec: 'avc', bitrate, keyFrameInterval },
    audio: { codec: 'opus', bitrate: audioBitrate },
  });
  const begun: number[] = [];
  recorder.on('file', () => begun.push(performance.timeOrigin + performance.now()));
  recorder.on('warning', ({ code, count }) => troubled(`${code}: ${count}`));
  recorder.on('error', ({ error }) => troubled(`${error.code}: ${error.message}`));
  // Errors of a class of their own come out of the browser without what they say.
  await recorder.start().catch(error => {
    throw new Error(`${error.code}: ${error.message}`);
  });
  return {
    async stop() {
      const { recordedBytes, storedBytes } = recorder.stats;
      const { files } = await recorder.stop();
      return { keys: files.map(({ key }) => key), unsent: recordedBytes - storedBytes, begun };
    },
  };
};
