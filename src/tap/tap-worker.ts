/** Entry of the taps' worker: one for a page, which all frames of its tapped calls pass. */
import type { Transformer } from './encoded-transform.ts';
import { Outlet } from './outlet.ts';
import { READY, type TapOptions } from './protocol.ts';
import { askForKeyFrame, pump } from './pump.ts';

const scope = self as unknown as {
  onrtctransform: ((event: { transformer: Transformer<TapOptions> }) => void) | null;
  postMessage(message: string): void;
};

scope.onrtctransform = ({ transformer }) => {
  const ask = (): Promise<void> => askForKeyFrame(transformer);
  const outlet = new Outlet(transformer.options.control, () => void ask());
  // When another transform takes its place, a frame may be lost between the two: Chromium 156 then shows nothing for 3 s.
  void pump(transformer, outlet).then(ask);
};

scope.postMessage(READY);
