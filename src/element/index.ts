/** `steadyreel/element`: importing it defines `<steady-recorder>`. */
import { SteadyRecorderElement } from './element.ts';

export { CaptureDeniedError, CaptureFailedError, type CaptureSource } from './capture.ts';
export { type AutoEvents, SteadyRecorderElement, type SteadyRecorderEventMap } from './element.ts';

declare global {
  interface HTMLElementTagNameMap {
    'steady-recorder': SteadyRecorderElement;
  }
}

/** Defines the element under a tag; does nothing when the tag is taken, or where there is no DOM. */
export const defineSteadyRecorder = (tag = 'steady-recorder'): void => {
  const registry = (globalThis as { customElements?: CustomElementRegistry }).customElements;
  if (!registry || registry.get(tag)) return;
  // A class can be registered once only, so that every other tag needs one of its own.
  registry.define(
    tag,
    tag === 'steady-recorder' ? SteadyRecorderElement : class extends SteadyRecorderElement {},
  );
};

defineSteadyRecorder();
