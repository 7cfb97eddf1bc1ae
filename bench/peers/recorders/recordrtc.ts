import RecordRTC from 'recordrtc';
import type { Start } from '../messages.ts';

export const start: Start = async (stream, { codec, bitrate, audioBitrate }, troubled) => {
  const recorder = new RecordRTC(stream, {
    type: 'video',
    mimeType: `video/mp4;codecs=${codec},opus`,
    ...{ videoBitsPerSecond: bitrate, audioBitsPerSecond: audioBitrate },
    ...{ timeSlice: 1_000, disableLogs: true },
  });
  recorder.startRecording();
  return {
    async stop() {
      if (recorder.getState() === 'stopped') troubled('it has stopped by itself');
      await new Promise<void>(resolve => recorder.stopRecording(() => resolve()));
      return { blob: recorder.getBlob() };
    },
  };
};
