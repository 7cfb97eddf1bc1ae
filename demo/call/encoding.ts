/** The controls of the call's encoder: how much it may send, and how large. */
import { byId, chosen } from '../app/dom.ts';
import type { Encoding } from './loopback.ts';

/** Steps of the slider, in kbit/s: each sounds about as much more as the one before. */
const KILOBITS = [100, 150, 200, 300, 500, 750, 1000, 1500, 2500, 4000];

const inWords = (kilobits: number): string =>
  kilobits >= 1000 ? `${kilobits / 1000} Mbit/s` : `${kilobits} kbit/s`;

/** What the controls say. */
export const chosenEncoding = (): Encoding => {
  const step = byId('bandwidth', HTMLInputElement).valueAsNumber;
  return {
    maxBitrate: (KILOBITS[step] ?? 1000) * 1000,
    scaleResolutionDownBy: Number(chosen('scale')),
  };
};

/** Calls back with what the controls say, whenever they are moved. */
export const bindEncoding = (onChange: (encoding: Encoding) => void): void => {
  const slider = byId('bandwidth', HTMLInputElement);
  const output = byId('bandwidth-text', HTMLOutputElement);
  slider.max = String(KILOBITS.length - 1);
  const show = (): void => {
    const text = inWords(KILOBITS[slider.valueAsNumber] ?? 0);
    output.value = text;
    slider.setAttribute('aria-valuetext', text);
  };
  slider.addEventListener('input', () => {
    show();
    onChange(chosenEncoding());
  });
  for (const radio of document.querySelectorAll('input[name="scale"]'))
    radio.addEventListener('change', () => onChange(chosenEncoding()));
  show();
};
