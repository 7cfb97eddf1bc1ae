/** The card with the overlays: what is switched on goes into every frame, from the next one on. */
import type { Overlay, Recorder } from 'steadyreel';
import { byId } from './dom.ts';
import { openGuest } from './guest.ts';

const logo = new URL('../icon.svg', import.meta.url).href;
const SHADE = '#10191acc';

let guest: MediaStream | undefined;

const isOn = (id: string): boolean => byId(id, HTMLInputElement).checked;

/** All of them, also those that are hidden: showing one then takes no time. */
const wanted = (): Overlay[] => [
  {
    ...{ id: 'logo', type: 'image', image: logo, x: 0.97, y: 0.05, anchor: 'top-right', height: 0.14 },
    visible: isOn('overlay-logo'),
  },
  {
    ...{ id: 'title', type: 'text', text: byId('overlay-text', HTMLInputElement).value },
    ...{ x: 0.03, y: 0.94, anchor: 'bottom-left', width: 0.6, fontSize: 0.06, fontWeight: 600 },
    ...{ background: SHADE, radius: 0.3 },
    visible: isOn('overlay-title'),
  },
  {
    ...{ id: 'clock', type: 'clock', x: 0.03, y: 0.05, fontSize: 0.06, background: SHADE, radius: 0.3 },
    visible: isOn('overlay-clock'),
  },
  {
    ...{ id: 'guest', type: 'stream', stream: (guest ??= openGuest()), x: 0.97, y: 0.94 },
    ...{ anchor: 'bottom-right', width: 0.28 },
    visible: isOn('overlay-guest'),
  },
  {
    ...{
      id: 'score',
      type: 'html',
      html: byId('score', HTMLElement),
      x: 0.5,
      y: 0.05,
      anchor: 'top',
      width: 0.3,
    },
    visible: isOn('overlay-score'),
  },
];

const isAny = (): boolean => wanted().some(({ visible }) => visible);

/** Keeps a recorder's overlays as the card has them; those of the next one, when `recorder` gives another. */
export const bindOverlays = (recorder: () => Recorder | undefined): void => {
  const form = byId('overlay-controls', HTMLFormElement);
  const home = byId('score-home', HTMLElement);
  form.addEventListener('input', () => void applyOverlays(recorder()));
  byId('score-more', HTMLButtonElement).addEventListener('click', () => {
    home.textContent = String(Number(home.textContent) + 1);
  });
};

/** What can't be shown is told by a warning. */
export const applyOverlays = async (recorder: Recorder | undefined): Promise<void> => {
  if (recorder && (isAny() || recorder.overlays.list.length > 0)) await recorder.overlays.set(wanted());
};
