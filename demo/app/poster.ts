/** The picture by which a recording is known again in a list. */
import type { Recording, Storage } from 'steadyreel';
import { addressOf } from './addresses.ts';
import { el, icon } from './dom.ts';
import * as format from './format.ts';
import { frameGlyph } from './glyph.ts';

/** The first one is often black, or of somebody who looks for the button. */
const chosen = ({ thumbnails }: Recording): string | undefined => {
  const items = thumbnails?.items ?? [];
  return items[Math.floor(items.length / 3)]?.key;
};

/** Fetched only when it comes into sight. */
const picture = (storage: Storage, key: string): HTMLImageElement => {
  const image = el('img', { class: 'poster-picture', alt: '', loading: 'lazy', decoding: 'async' });
  const url = storage.url(key);
  if (url !== undefined) {
    image.src = url;
    return image;
  }
  const seen = new IntersectionObserver(entries => {
    if (!entries.some(entry => entry.isIntersecting)) return;
    seen.disconnect();
    void addressOf(storage, key).then(
      address => {
        image.onload = image.onerror = address.release;
        image.src = address.url;
      },
      () => undefined,
    );
  });
  seen.observe(image);
  return image;
};

/** What stands in for a recording that has no thumbnails. */
const glyph = ({ files: [first] }: Recording): SVGSVGElement => (first ? frameGlyph(first) : icon('reel'));

/** For the pointer only: the button that does the same is beside it. */
export const poster = (storage: Storage, recording: Recording, play: () => void): HTMLElement => {
  const key = chosen(recording);
  return el(
    'div',
    { class: 'poster', 'aria-hidden': 'true', onclick: play },
    key === undefined ? glyph(recording) : picture(storage, key),
    el('span', { class: 'poster-play' }, icon('play')),
    el('span', { class: 'poster-time' }, format.duration(recording.duration)),
  );
};
