/** A page's own transform, as for end-to-end encryption: it changes every byte, and feeds what can be decoded. */
import type { Transformer } from '../../../src/tap/encoded-transform.ts';
import { feedFrames } from '../../../src/tap/feed.ts';

interface Options {
  /** What each byte is changed by; the same again undoes it. */
  scramble: number;
  feed?: MessagePort;
}

const scope = self as unknown as {
  onrtctransform: ((event: { transformer: Transformer<Options> }) => void) | null;
};

scope.onrtctransform = ({ transformer }) => {
  const { scramble, feed } = transformer.options;
  const hand = feed && feedFrames(feed, { onKeyFrameRequest: () => transformer.sendKeyFrameRequest() });
  const transform = new TransformStream({
    transform(frame, controller) {
      const bytes = new Uint8Array(frame.data);
      for (let i = 0; i < bytes.length; i++) bytes[i] = (bytes[i] ?? 0) ^ scramble;
      hand?.(frame);
      controller.enqueue(frame);
    },
  });
  transformer.readable
    .pipeThrough(transform)
    .pipeTo(transformer.writable)
    .catch(() => undefined);
};
