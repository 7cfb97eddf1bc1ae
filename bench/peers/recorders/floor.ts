/** The least that recording by WebCodecs takes: the packets are thrown away. */
import type { Product, Start } from '../messages.ts';

type Processor = new (init: {
  track: MediaStreamTrack;
  maxBufferSize: number;
}) => { readonly readable: ReadableStream };

export const start: Start = async (stream, wanted, troubled) => {
  const { MediaStreamTrackProcessor } = globalThis as unknown as { MediaStreamTrackProcessor: Processor };
  const readables = stream.getTracks().map(track => {
    const maxBufferSize = track.kind === 'video' ? 60 : 300;
    return { kind: track.kind, readable: new MediaStreamTrackProcessor({ track, maxBufferSize }).readable };
  });
  const worker = new Worker('/floor.js');
  const answer = <T>(): Promise<T> =>
    new Promise(resolve => {
      worker.onmessage = ({ data }) => resolve(data);
    });
  worker.onerror = ({ message }) => troubled(message);
  worker.postMessage(
    { wanted, readables },
    readables.map(({ readable }) => readable),
  );
  await answer();
  return {
    async stop() {
      const product = answer<Product>();
      worker.postMessage('stop');
      const made = await product;
      worker.terminate();
      return made;
    },
  };
};
