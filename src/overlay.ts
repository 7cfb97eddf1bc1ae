/** Overlays: what a page says of them, and what of it crosses to the worker. Pure types. */

/** Point of an overlay that lies at its `x` and `y`. */
export type OverlayAnchor =
  | 'top-left'
  | 'top'
  | 'top-right'
  | 'left'
  | 'center'
  | 'right'
  | 'bottom-left'
  | 'bottom'
  | 'bottom-right';

/** How a picture fills a box of another shape: whole, with the box's rest left clear; cut off at its edges; or distorted. */
export type OverlayFit = 'contain' | 'cover' | 'fill';

/** What all overlays have. Positions and sizes are fractions of the picture as viewers see it, upright. */
export interface OverlayBase {
  /** Names it for `update()`, `show()`, `hide()` and in warnings. Default: `overlay-1` and so on, by its place in the list. */
  id?: string;
  /** Where its anchor lies, from the left: 0 to 1, less or more for what is partly outside. Default 0. */
  x?: number;
  /** Where its anchor lies, from the top. Default 0. */
  y?: number;
  /** Default `'top-left'`. */
  anchor?: OverlayAnchor;
  /**
   * Fraction of the picture's width. With only one of `width` and `height` the overlay keeps its shape; with neither it has its
   * own size in pixels, and a stream a quarter of the width. Of text, it is the width at which lines are broken.
   */
  width?: number;
  /** Fraction of the picture's height. Means nothing for text, which is as high as its lines. */
  height?: number;
  /** 0 to 1. Default 1. */
  opacity?: number;
  /** Default `true`. */
  visible?: boolean;
}

/** A picture. */
export interface ImageOverlay extends OverlayBase {
  type: 'image';
  /**
   * An address (of the page's own origin, or with CORS), a file or blob, or anything that `createImageBitmap` takes, of which
   * a copy is made. PNG, JPEG, WebP, AVIF, SVG and whatever else the browser shows; of one that moves, the first picture.
   */
  image: string | URL | Blob | ImageBitmapSource;
  /** When both `width` and `height` are given. Default `'contain'`. */
  fit?: OverlayFit;
}

/** How text looks. */
export interface OverlayTextStyle {
  /** CSS font family. Default `'sans-serif'`. Fonts of the page's style sheets are not known to the worker: see `fontFile`. */
  font?: string;
  /** A font file that has the family `font`: an address (of the page's own origin, or with CORS), or its bytes. */
  fontFile?: string | URL | ArrayBuffer;
  /** Fraction of the picture's shorter side: of its height, mostly. Default 0.05. */
  fontSize?: number;
  /** 1 to 1000. Default 400. */
  fontWeight?: number;
  /** CSS colour. Default `'white'`. */
  color?: string;
  /** CSS colour of the box behind the text. Default: no box. */
  background?: string;
  /** Between the text and the edge of its box; in font sizes. Default 0.3. */
  padding?: number;
  /** Of the box's corners; in font sizes. Default 0. */
  radius?: number;
  /** Of several lines. Default `'left'`. */
  align?: 'left' | 'center' | 'right';
}

/** Text, on one line or several. */
export interface TextOverlay extends OverlayBase, OverlayTextStyle {
  type: 'text';
  /** Lines are broken at `\n`, and at `width` where it is given. */
  text: string;
}

/** The time, in each frame that at which it was captured. */
export interface ClockOverlay extends OverlayBase, OverlayTextStyle {
  type: 'clock';
  /** `'time'` (default): of day. `'elapsed'`: of the recording's timeline, as `0:01:23`. */
  shows?: 'time' | 'elapsed';
  /** BCP 47, for the time of day. Default: the browser's. */
  locale?: string;
  /** For the time of day. Default: hours, minutes and seconds, in two digits each. Takes a `timeZone`, too. */
  format?: Intl.DateTimeFormatOptions;
}

/** Another `MediaStream`, as a picture in the picture. Its sound is not recorded. */
export interface StreamOverlay extends OverlayBase {
  type: 'stream';
  /** Its first live video track is shown. */
  stream: MediaStream;
  /** When both `width` and `height` are given. Default `'cover'`. */
  fit?: OverlayFit;
}

/**
 * HTML, drawn by the page: a string once, an element a few times a second, which is work for the page's main thread. Scripts in it
 * never run, and nothing is loaded for it: pictures and fonts have to be `data:` addresses.
 */
export interface HtmlOverlay extends OverlayBase {
  type: 'html';
  /** An element of the page, drawn as it looks there; or HTML, with `<style>` if need be. */
  html: string | HTMLElement;
  /** CSS pixels in which the HTML of a string is laid out. Default 640 x 360. An element has its own. */
  box?: { width: number; height: number };
  /** How often an element is looked at; times a second, from 0.1 to 10. Default 2. */
  rate?: number;
  /** Pixels that are drawn for one CSS pixel, from 0.5 to 4. Default 2. */
  pixelRatio?: number;
  /** When both `width` and `height` are given. Default `'contain'`. */
  fit?: OverlayFit;
}

/** Something that is drawn into every frame. */
export type Overlay = ImageOverlay | TextOverlay | ClockOverlay | StreamOverlay | HtmlOverlay;

/** What of an overlay can be changed by its id: anything but its `type` and `id`. */
export type OverlayChange = Partial<
  Omit<ImageOverlay, 'type' | 'id'> &
    Omit<TextOverlay, 'type' | 'id'> &
    Omit<ClockOverlay, 'type' | 'id'> &
    Omit<StreamOverlay, 'type' | 'id'> &
    Omit<HtmlOverlay, 'type' | 'id'>
>;

/** Where an overlay lies, with all defaults. */
export interface OverlayPlace {
  x: number;
  y: number;
  anchor: OverlayAnchor;
  width: number | undefined;
  height: number | undefined;
  opacity: number;
  visible: boolean;
}

/** How text looks, with all defaults. */
export type TextLook = Required<Omit<OverlayTextStyle, 'fontFile' | 'background'>> & {
  background: string | undefined;
};

/** What an overlay shows, as it crosses to the worker. */
export type OverlayContent =
  /** `scale`: pixels of the bitmap for one of its own size. */
  | { type: 'bitmap'; bitmap: ImageBitmap; scale: number; fit: OverlayFit }
  | { type: 'text'; text: string; look: TextLook; font: ArrayBuffer | undefined }
  | {
      type: 'clock';
      shows: 'time' | 'elapsed';
      locale: string | undefined;
      format: Intl.DateTimeFormatOptions;
      look: TextLook;
      font: ArrayBuffer | undefined;
    }
  | { type: 'stream'; readable: ReadableStream<VideoFrame>; fit: OverlayFit };

/** One overlay in its place; what it shows is named by a number, so that it crosses only once. */
export interface OverlayLayer {
  key: number;
  id: string;
  place: OverlayPlace;
}

/** What is to be seen from now on, from back to front. */
export interface OverlayScene {
  layers: OverlayLayer[];
  /** Contents that are new; what no layer names any more is let go. */
  contents: [key: number, content: OverlayContent][];
  /** Elements of the page are looked at meanwhile: another scene follows, as they are now. */
  unfinished?: true;
}

/** To the worker, on a port of its own. `id` comes back with the answer. */
export type ToOverlays = OverlayScene & { id: number };

/** From the worker. */
export type FromOverlays =
  /** Frames that come from now on show the scene. */
  | { type: 'shown'; id: number }
  /** An overlay can't be drawn, and is left out; with `id` in its place, none of the scene's. */
  | { type: 'failed'; overlay?: string; id?: number; message: string };

/** What a recording needs for overlays. */
export interface OverlaySetup {
  /** Address of the code for them, which is loaded only when there are some. */
  url: string;
  /** Scenes come here. */
  port: MessagePort;
  /** What is to be seen from the first frame on. */
  first: OverlayScene | undefined;
}
