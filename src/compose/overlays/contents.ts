/** What overlays show: how large it is by itself, and how it is painted. */
import { BrowserUnsupportedError } from '../../errors.ts';
import type { OverlayContent, OverlayFit, OverlayPlace, TextLook } from '../../overlay.ts';
import { elapsedText, timeFormat } from './clock.ts';
import { MovingPicture } from './moving.ts';
import { fitInto, type Size, sizeOf } from './place.ts';
import { fontOf, fontSizeOf, layText, paintText } from './text.ts';

/** Part of the picture's width that a stream has when nothing is said. */
const STREAM_WIDTH = 0.25;

/** The moment that a frame shows. */
export interface Moment {
  /** When it was captured; milliseconds since 1970. */
  captured: number;
  /** Microseconds on the recording's timeline. */
  time: number;
}

/** What there is to paint at a moment. */
export interface Drawing {
  /** Another one for each picture that differs. */
  version: string | number;
  /** Of its box, in pixels of the shown picture: as its place says, but of text, which is as large as its lines. */
  size: Size;
  /** Paints it into a box of this size, whose top left corner is the origin. */
  paint(context: OffscreenCanvasRenderingContext2D, box: Size): void;
}

export interface Content {
  /** Resolves when it can be painted. @throws when it never can. */
  readonly ready: Promise<void>;
  /** `undefined` while there is nothing to be seen. */
  drawing(moment: Moment, picture: Size, place: OverlayPlace): Drawing | undefined;
  /** Lets go of what it holds. */
  close(): void;
}

const READY = Promise.resolve();

const paintPicture = (
  context: OffscreenCanvasRenderingContext2D,
  picture: CanvasImageSource,
  size: Size,
  box: Size,
  fit: OverlayFit,
): void => {
  const { x, y, width, height } = fitInto(size, box, fit);
  context.beginPath();
  context.rect(0, 0, box.width, box.height);
  context.clip();
  context.imageSmoothingQuality = 'high';
  context.drawImage(picture, x, y, width, height);
};

const bitmapContent = ({ bitmap, scale, fit }: Extract<OverlayContent, { type: 'bitmap' }>): Content => ({
  ready: READY,
  drawing: (_, picture, place) => {
    const own = { width: bitmap.width / scale, height: bitmap.height / scale };
    const size = sizeOf(place, picture, own);
    return { version: 0, size, paint: (context, box) => paintPicture(context, bitmap, own, box, fit) };
  },
  close: () => bitmap.close(),
});

const streamContent = (
  { readable, fit }: Extract<OverlayContent, { type: 'stream' }>,
  onEnd: () => void,
): Content => {
  const moving = new MovingPicture(readable, onEnd);
  return {
    ready: READY,
    drawing: (_, picture, place) => {
      const frame = moving.latest;
      if (!frame) return undefined;
      const own = { width: frame.displayWidth, height: frame.displayHeight };
      const width = STREAM_WIDTH * picture.width;
      const size = sizeOf(place, picture, { width, height: (width * own.height) / own.width });
      return {
        version: moving.count,
        size,
        paint: (context, box) => paintPicture(context, frame, own, box, fit),
      };
    },
    close: () => moving.close(),
  };
};

let measuring: OffscreenCanvasRenderingContext2D | null | undefined;

const measureBy = (font: string): ((text: string) => number) => {
  measuring ??= new OffscreenCanvas(1, 1).getContext('2d');
  const context = measuring;
  if (!context) throw new BrowserUnsupportedError(['OffscreenCanvas with a 2D context']);
  context.font = font;
  return text => context.measureText(text).width;
};

/** `FontFaceSet` of a worker (CSS Font Loading, section 4). */
const fonts = (): FontFaceSet => (globalThis as unknown as { fonts: FontFaceSet }).fonts;

/** @param families as CSS has them; the file is of the first. */
const loadFont = async (families: string, file: ArrayBuffer): Promise<void> => {
  const family =
    families
      .split(',')[0]
      ?.trim()
      .replace(/^(['"])(.*)\1$/, '$2') ?? families;
  const font = await new FontFace(family, file).load();
  fonts().add(font);
};

const textContent = (
  textAt: (moment: Moment) => string,
  look: TextLook,
  font: ArrayBuffer | undefined,
): Content => ({
  ready: font ? loadFont(look.font, font) : READY,
  drawing: (moment, picture, { width }) => {
    const text = textAt(moment);
    const fontSize = fontSizeOf(look, picture);
    const most = width === undefined ? undefined : width * picture.width;
    const layout = layText(text, look, fontSize, measureBy(fontOf(look, fontSize)), most);
    return { version: text, size: layout, paint: context => paintText(context, layout, look) };
  },
  close: () => undefined,
});

/** @throws RangeError for a clock's format that this browser does not know. */
export const openContent = (content: OverlayContent, onEnd: () => void): Content => {
  switch (content.type) {
    case 'bitmap':
      return bitmapContent(content);
    case 'stream':
      return streamContent(content, onEnd);
    case 'text':
      return textContent(() => content.text, content.look, content.font);
    case 'clock': {
      const format = timeFormat(content.locale, content.format);
      const textAt = ({ captured, time }: Moment): string =>
        content.shows === 'elapsed' ? elapsedText(time) : format.format(captured);
      return textContent(textAt, content.look, content.font);
    }
  }
};
