/** It talks to its makers' service by `https`, and to nothing else: what it asks goes to the benchmark's server instead. */
import { ApiVideoMediaRecorder } from '@api.video/media-recorder';
import type { Start } from '../messages.ts';

export const start: Start = async (stream, { codec }, troubled) => {
  const { open } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.open = function (this: XMLHttpRequest, method: string, url: string | URL) {
    return open.call(this, method, String(url).replace(/^https:/, 'http:'), true);
  };
  // It has no option for the bitrate: the browser's own is 2.5 Mbit/s whatever the size.
  const recorder = new ApiVideoMediaRecorder(stream, {
    ...{ uploadToken: 'bench', apiHost: location.host, retries: 1 },
    mimeType: `video/mp4;codecs=${codec},opus`,
  });
  const event = (thrown: Event): void => troubled(JSON.stringify(Reflect.get(thrown, 'data')));
  recorder.addEventListener('error', event as EventListener);
  recorder.start();
  return {
    async stop() {
      const { videoId } = await recorder.stop();
      return { keys: [`recordings/${videoId}/0001.mp4`] };
    },
  };
};
