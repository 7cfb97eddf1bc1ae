/** From what a page gives to what a worker can have. In the page. */
import type { Overlay, OverlayContent } from '../overlay.ts';
import { type CheckErrors, type CheckedOverlay, textLook } from './check.ts';
import { ElementWatch, type ElementWatchContext } from './element-watch.ts';
import { drawHtml, fromString } from './html.ts';
import { fontBytes, framesOf, liveTrack, pictureOf } from './picture.ts';

/** What an overlay shows, ready for any number of recordings. */
export interface Prepared {
  /** True while there is nothing to be seen. */
  readonly empty: boolean;
  /** For one recording. @throws when there is nothing any more. */
  content(): { content: OverlayContent; transfer?: Transferable[] } | undefined;
  /** True when it has to be prepared anew, although nothing else was given. */
  readonly stale: boolean;
  /** Looks at what may have changed while nobody saw it; true when it has. @throws when it can't be shown any more. */
  refresh?(): Promise<boolean>;
  close(): void;
}

/** Somebody who wants to know what becomes of an element. */
export type Watcher = Pick<ElementWatchContext, 'wanted' | 'onChange' | 'onFailed'>;

/** For what can't be shown. */
export const NOTHING: Prepared = {
  empty: true,
  content: () => undefined,
  // Told once, not with every change of the others.
  stale: false,
  close: () => undefined,
};

const PLACE = ['id', 'x', 'y', 'anchor', 'width', 'height', 'opacity', 'visible'];

const isPlain = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

const same = (a: unknown, b: unknown): boolean =>
  a === b || (isPlain(a) && isPlain(b) && JSON.stringify(a) === JSON.stringify(b));

/** True when two overlays show the same, wherever they lie. */
export const sameContent = (a: Overlay, b: Overlay): boolean => {
  const fields = new Set([...Object.keys(a), ...Object.keys(b)].filter(name => !PLACE.includes(name)));
  const [one, other] = [a, b] as unknown as Record<string, unknown>[];
  return [...fields].every(name => same(one?.[name], other?.[name]));
};

const fromBitmap = (
  bitmap: ImageBitmap,
  scale: number,
  fit: 'contain' | 'cover' | 'fill' = 'contain',
): Prepared => ({
  empty: false,
  content: () => ({ content: { type: 'bitmap', bitmap, scale, fit } }),
  stale: false,
  close: () => bitmap.close(),
});

const fromContent = (content: OverlayContent): Prepared => ({
  empty: false,
  content: () => ({ content }),
  stale: false,
  close: () => undefined,
});

const fromStream = ({ stream, fit = 'cover' }: Extract<Overlay, { type: 'stream' }>): Prepared => {
  const live = liveTrack(stream);
  return {
    empty: false,
    content: () => {
      const readable = framesOf(stream);
      return { content: { type: 'stream', readable, fit }, transfer: [readable] };
    },
    get stale() {
      return live.readyState !== 'live';
    },
    close: () => undefined,
  };
};

const fromHtml = async (
  { html, box, rate = 2, pixelRatio = 2, fit = 'contain' }: Extract<Overlay, { type: 'html' }>,
  watcher: Watcher,
): Promise<Prepared> => {
  if (typeof html === 'string') {
    const bitmap = await drawHtml(fromString(html, box ?? { width: 640, height: 360 }), pixelRatio);
    return fromBitmap(bitmap, pixelRatio, fit);
  }
  const watch = await ElementWatch.open({ ...watcher, element: html, rate, pixelRatio });
  return {
    get empty() {
      return watch.bitmap === undefined;
    },
    content: () =>
      watch.bitmap && { content: { type: 'bitmap', bitmap: watch.bitmap, scale: pixelRatio, fit } },
    stale: false,
    refresh: () => watch.refresh(),
    close: () => watch.close(),
  };
};

/** @throws when it can't be shown. */
export const prepare = async (
  { given }: CheckedOverlay,
  errors: CheckErrors,
  watcher: Watcher,
): Promise<Prepared> => {
  switch (given.type) {
    case 'image': {
      const { bitmap, scale } = await pictureOf(given.image);
      return fromBitmap(bitmap, scale, given.fit);
    }
    case 'stream':
      return fromStream(given);
    case 'html':
      return fromHtml(given, watcher);
    default: {
      const look = textLook(given, errors);
      const font = given.fontFile === undefined ? undefined : await fontBytes(given.fontFile);
      if (given.type === 'text') return fromContent({ type: 'text', text: given.text, look, font });
      const { shows = 'time', locale, format = {} } = given;
      return fromContent({ type: 'clock', shows, locale, format, look, font });
    }
  }
};
