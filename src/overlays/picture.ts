/** Pictures of a page as bitmaps that a worker can have. In the page. */

/** A picture, and how many pixels it has for one of its own size. */
export interface Picture {
  bitmap: ImageBitmap;
  scale: number;
}

/** What has no pixels of its own gets so many at its longer side, to be sharp at any size. */
const VECTOR_PIXELS = 1024;

/** @throws when a worker can't have what was drawn: something in it is of another origin, without CORS. */
const checkClean = (context: OffscreenCanvasRenderingContext2D): void => {
  try {
    context.getImageData(0, 0, 1, 1);
  } catch {
    throw new Error('it is of another origin, without CORS');
  }
};

/**
 * By way of a canvas: `createImageBitmap` takes no SVG without a size, and of one with HTML in it Chromium 156 gives a bitmap
 * that a worker can't have.
 *
 * @throws when there is nothing to draw, or a worker can't have it.
 */
export const drawn = (image: CanvasImageSource, width: number, height: number): ImageBitmap => {
  if (width < 1 || height < 1) throw new Error('it has no size');
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d');
  if (!context) throw new Error('this browser draws no pictures');
  context.drawImage(image, 0, 0, width, height);
  checkClean(context);
  return canvas.transferToImageBitmap();
};

/** What a picture's address gives, whatever it is. */
const load = async (address: string, isVector: boolean): Promise<Picture> => {
  const image = new Image();
  image.crossOrigin = 'anonymous';
  image.src = address;
  try {
    await image.decode();
  } catch {
    throw new Error(`${address.slice(0, 100)} is not there, no picture, or of another origin without CORS`);
  }
  const { naturalWidth: width, naturalHeight: height } = image;
  const scale = isVector ? Math.max(1, VECTOR_PIXELS / Math.max(width, height)) : 1;
  return { bitmap: drawn(image, Math.round(width * scale), Math.round(height * scale)), scale };
};

const SVG = 'image/svg+xml';

/** @throws when it is no picture that can be shown. */
export const pictureOf = async (image: string | URL | Blob | ImageBitmapSource): Promise<Picture> => {
  if (typeof image === 'string' || image instanceof URL) {
    const { href, pathname } = new URL(image, document.baseURI);
    return load(href, href.startsWith(`data:${SVG}`) || /\.svg$/i.test(pathname));
  }
  if (!(image instanceof Blob)) {
    const bitmap = await createImageBitmap(image);
    drawn(bitmap, 1, 1).close();
    return { bitmap, scale: 1 };
  }
  const address = URL.createObjectURL(image);
  try {
    return await load(address, image.type === SVG);
  } finally {
    URL.revokeObjectURL(address);
  }
};

/** Bytes of a font. @throws when they can't be had. */
export const fontBytes = async (file: string | URL | ArrayBuffer): Promise<ArrayBuffer> => {
  if (file instanceof ArrayBuffer) return file;
  const response = await fetch(new URL(file, document.baseURI));
  if (!response.ok) throw new Error(`${response.url} answers ${response.status}`);
  return response.arrayBuffer();
};

/** `MediaStreamTrackProcessor`, which only Chromium has on the window (mediacapture-transform). */
interface TrackProcessorConstructor {
  new (init: {
    track: MediaStreamTrack;
    maxBufferSize: number;
  }): {
    readonly readable: ReadableStream<VideoFrame>;
  };
}

/** A stream's first live video track. @throws when there is none. */
export const liveTrack = (stream: MediaStream): MediaStreamTrack => {
  const track = stream.getVideoTracks().find(({ readyState }) => readyState === 'live');
  if (!track) throw new Error('its stream has no live video track');
  return track;
};

/** Its frames; only the newest is ever wanted. @throws when there are none. */
export const framesOf = (stream: MediaStream): ReadableStream<VideoFrame> => {
  const track = liveTrack(stream);
  const { MediaStreamTrackProcessor } = globalThis as unknown as {
    MediaStreamTrackProcessor: TrackProcessorConstructor;
  };
  return new MediaStreamTrackProcessor({ track, maxBufferSize: 1 }).readable;
};
