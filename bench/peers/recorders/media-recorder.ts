import type { Session, Start, Wanted } from '../messages.ts';

/** Chromium has it, TypeScript's library does not. */
type Options = MediaRecorderOptions & { videoKeyFrameIntervalDuration: number };

const record = async (
  stream: MediaStream,
  mimeType: string,
  { bitrate, audioBitrate, keyFrameInterval }: Wanted,
  troubled: (message: string) => void,
): Promise<Session> => {
  const options: Options = {
    ...{ mimeType, videoBitsPerSecond: bitrate, audioBitsPerSecond: audioBitrate },
    videoKeyFrameIntervalDuration: keyFrameInterval * 1_000,
  };
  const recorder = new MediaRecorder(stream, options);
  const parts: Blob[] = [];
  recorder.ondataavailable = ({ data }) => parts.push(data);
  recorder.onerror = event => troubled(String((event as ErrorEvent).error));
  const running = new Promise(resolve => recorder.addEventListener('start', resolve));
  const stopped = new Promise(resolve => recorder.addEventListener('stop', resolve));
  recorder.start(1_000);
  await running;
  return {
    async stop() {
      if (recorder.state === 'inactive') troubled('it has stopped by itself');
      else recorder.stop();
      await stopped;
      return { blob: new Blob(parts, { type: mimeType }) };
    },
  };
};

export const startMp4: Start = (stream, wanted, troubled) =>
  record(stream, `video/mp4;codecs=${wanted.codec},opus`, wanted, troubled);

export const startWebm: Start = (stream, wanted, troubled) =>
  record(stream, 'video/webm;codecs=vp8,opus', wanted, troubled);
