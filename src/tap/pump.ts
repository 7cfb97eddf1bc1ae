/** What a tap does in its worker. */
import type { Transformer } from './encoded-transform.ts';
import type { Outlet } from './outlet.ts';
import type { FromOutlet, TapOptions } from './protocol.ts';

/**
 * Lets every frame through, untouched and at once; ends only when the browser ends it. It must not end before: without
 * it the media of a call stand still in Chromium 156, where `transform = null` does not make it go on.
 */
export const pump = async (
  { readable, writable }: Pick<Transformer<unknown>, 'readable' | 'writable'>,
  outlet: Outlet,
): Promise<void> => {
  const reader = readable.getReader();
  const writer = writable.getWriter();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      const handOver = outlet.take(value);
      await writer.write(value);
      handOver?.();
    }
  } catch {
    // Another transform has taken its place: then writing rejects (InvalidStateError), and the frames are the other's.
  }
  outlet.end();
};

/** Asks the other side, or the encoder, for a key frame. Never rejects: one that can't be had does not come. */
export const askForKeyFrame = async (transformer: Transformer<TapOptions>): Promise<void> => {
  const { kind, side, control } = transformer.options;
  if (kind === 'audio') return;
  try {
    if (side === 'receiver') await transformer.sendKeyFrameRequest();
    else if (transformer.generateKeyFrame) await transformer.generateKeyFrame();
    else control.postMessage({ type: 'key-frame' } satisfies FromOutlet);
  } catch {
    // Nothing is being sent or received right now. Whoever needs it asks again.
  }
};
