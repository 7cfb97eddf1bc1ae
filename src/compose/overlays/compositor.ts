/** Draws overlays into frames. In the worker of a recording, from `overlays.js`. */
import type { ColorSpace, OverlaysEvent } from '../../manifest.ts';
import { toSeconds, type VideoSource } from '../../media.ts';
import type { OverlayLayer, OverlayPlace, OverlayScene } from '../../overlay.ts';
import { displaySize, VideoFitter } from '../video-fit.ts';
import { blend, type Patch, patchOf } from './blend.ts';
import { OverlayCanvas } from './canvas.ts';
import { type Content, type Moment, openContent } from './contents.ts';
import { type FrameLayout, layoutOf } from './formats.ts';
import { boxOf } from './place.ts';

/** What a frame that comes at some moment is to show. */
export interface Look {
  /**
   * Draws it.
   *
   * @param frame taken over, its timestamp its time on the timeline; it is given back where there is nothing to draw.
   * @param source the track parameters that the frame has.
   * @param colorSpace those that the encoder gives it.
   */
  draw(frame: VideoFrame, source: VideoSource, colorSpace: ColorSpace): Promise<VideoFrame>;
}

interface Layer extends OverlayLayer {
  content: Content;
  /** It can't be drawn: told, and left out from then on. */
  broken: boolean;
  /** The last picture of it, ready to be drawn. */
  ready: { signature: string; patch: Patch } | undefined;
}

const NOTHING: Patch = [];

const isShown = ({ place, broken }: Layer): boolean => place.visible && place.opacity > 0 && !broken;

interface Scene {
  layers: Layer[];
  /** No frame that comes later shows these. */
  retired: Content[];
}

/** None of these may throw. */
export interface CompositorEvents {
  /** Other overlays are shown from here on. */
  onShown(event: OverlaysEvent): void;
  /** An overlay can't be drawn, and is left out. */
  onFailed(overlay: string, error: unknown): void;
}

export class Compositor {
  readonly #contents = new Map<number, Content>();
  #scene: Scene = { layers: [], retired: [] };
  readonly #canvas = new OverlayCanvas();
  readonly #fitter = new VideoFitter();
  #closed = false;

  /** Ids of those that the last frame showed. */
  #shown: string[] = [];

  constructor(private readonly events: CompositorEvents) {}

  /** Shows another scene, in frames that come once this has resolved. Call it again only then. */
  async set({ layers, contents }: OverlayScene): Promise<void> {
    const retired = this.#retire(contents.map(([key]) => key));
    for (const [key, content] of contents) this.#open(key, content, layers);
    const known = layers.flatMap(layer => this.#layerOf(layer));
    const ready = await Promise.all(known.map(layer => this.#isReady(layer)));
    // A stream may have ended meanwhile.
    const shown = known.filter(({ key, content }, i) => ready[i] && this.#contents.get(key) === content);
    const keys = new Set(layers.map(({ key }) => key));
    retired.push(...this.#retire([...this.#contents.keys()].filter(key => !keys.has(key))));
    this.#scene = { layers: shown, retired: [...this.#scene.retired, ...retired] };
    if (this.#closed) this.close();
  }

  #retire(keys: readonly number[]): Content[] {
    return keys.flatMap(key => {
      const content = this.#contents.get(key);
      this.#contents.delete(key);
      return content ?? [];
    });
  }

  #open(key: number, content: OverlayScene['contents'][0][1], layers: readonly OverlayLayer[]): void {
    const id = layers.find(layer => layer.key === key)?.id ?? '';
    try {
      const opened = openContent(content, () => {
        if (this.#contents.get(key) !== opened) return;
        this.#contents.delete(key);
        for (const layer of this.#scene.layers) if (layer.content === opened) layer.broken = true;
        this.events.onFailed(id, new Error('its stream has ended'));
      });
      this.#contents.set(key, opened);
    } catch (error) {
      this.events.onFailed(id, error);
    }
  }

  /** One that is as it was keeps what was painted; one that could not be drawn is tried again in another place. */
  #layerOf(layer: OverlayLayer): Layer[] {
    const content = this.#contents.get(layer.key);
    if (!content) return [];
    const before = this.#scene.layers.find(known => known.key === layer.key && known.content === content);
    const broken = before?.broken === true && samePlace(before.place, layer.place);
    return [{ ...layer, content, broken, ready: before?.ready }];
  }

  async #isReady({ id, content, key }: Layer): Promise<boolean> {
    try {
      await content.ready;
      return true;
    } catch (error) {
      this.events.onFailed(id, error);
      for (const failed of this.#retire([key])) failed.close();
      return false;
    }
  }

  /** What a frame that comes now is to show. */
  look(): Look {
    const scene = this.#scene;
    const captured = Date.now();
    return {
      draw: (frame, source, colorSpace) => {
        // Frames are drawn in order.
        for (const content of scene.retired.splice(0)) content.close();
        return this.#draw(scene, captured, frame, source, colorSpace);
      },
    };
  }

  /** Never rejects: a frame that can't be drawn into is given back as it is. */
  async #draw(
    { layers }: Scene,
    captured: number,
    frame: VideoFrame,
    source: VideoSource,
    colorSpace: ColorSpace,
  ): Promise<VideoFrame> {
    const layout = layoutOf(frame.format, source.width, source.height);
    if (!layout && layers.some(isShown))
      return this.#drawConverted(layers, captured, frame, source, colorSpace);
    const moment = { captured, time: frame.timestamp };
    // Before anything is waited for: the newest frame of another stream may be closed a moment later.
    const patches = layout ? this.#patchesOf(layers, moment, frame, source, layout) : [];
    this.#noteShown(layers, frame.timestamp);
    if (!layout || patches.length === 0) return frame;
    try {
      const drawn = await drawInto(frame, patches, source, layout);
      frame.close();
      return drawn;
    } catch (error) {
      for (const layer of layers) this.#fail(layer, error);
      return frame;
    }
  }

  /** What never left the GPU, or has more than 8 bits, is converted as a frame is that is fitted. */
  async #drawConverted(
    layers: Layer[],
    captured: number,
    frame: VideoFrame,
    source: VideoSource,
    colorSpace: ColorSpace,
  ): Promise<VideoFrame> {
    try {
      const converted = await this.#fitter.fit(frame, source, colorSpace, frame.timestamp);
      frame.close();
      const scene = { layers, retired: [] };
      return await this.#draw(scene, captured, converted, source, colorSpace);
    } catch (error) {
      for (const layer of layers) this.#fail(layer, error);
      return frame;
    }
  }

  #noteShown(layers: readonly Layer[], time: number): void {
    const ids = layers.filter(isShown).map(({ id }) => id);
    if (ids.length === this.#shown.length && ids.every((id, i) => id === this.#shown[i])) return;
    this.#shown = ids;
    this.events.onShown({ time: toSeconds(time), type: 'overlays', ids });
  }

  #fail(layer: Layer, error: unknown): void {
    if (layer.broken) return;
    layer.broken = true;
    this.events.onFailed(layer.id, error);
  }

  #patchesOf(
    layers: Layer[],
    ...frame: [moment: Moment, frame: VideoFrame, source: VideoSource, layout: FrameLayout]
  ): Patch[] {
    return layers.map(layer => this.#patchOf(layer, ...frame)).filter(patch => patch.length > 0);
  }

  /** Empty when there is nothing to be seen of it. */
  #patchOf(layer: Layer, moment: Moment, frame: VideoFrame, source: VideoSource, layout: FrameLayout): Patch {
    const { place, content } = layer;
    if (!isShown(layer)) return NOTHING;
    try {
      const picture = displaySize(source);
      const drawing = content.drawing(moment, picture, place);
      if (!drawing) return NOTHING;
      const space = plainSpace(frame.colorSpace);
      const signature = JSON.stringify([drawing.version, place, source, frame.format, space]);
      if (layer.ready?.signature !== signature) {
        const pixels = this.#canvas.paint(drawing, boxOf(place, picture, drawing.size), source);
        const patch = pixels ? patchOf(pixels, layout, space, place.opacity) : NOTHING;
        layer.ready = { signature, patch };
      }
      return layer.ready.patch;
    } catch (error) {
      this.#fail(layer, error);
      return NOTHING;
    }
  }

  /** Nothing more is drawn: lets go of all that is held. */
  close(): void {
    this.#closed = true;
    for (const content of [...this.#contents.values(), ...this.#scene.retired]) content.close();
    this.#contents.clear();
    this.#scene = { layers: [], retired: [] };
  }
}

const samePlace = (a: OverlayPlace, b: OverlayPlace): boolean => JSON.stringify(a) === JSON.stringify(b);

const plainSpace = ({ primaries, transfer, matrix, fullRange }: VideoColorSpace): ColorSpace => ({
  primaries,
  transfer,
  matrix,
  fullRange,
});

/** A copy of a frame, drawn into. */
const drawInto = async (
  frame: VideoFrame,
  patches: readonly Patch[],
  source: VideoSource,
  { bytes, planes }: FrameLayout,
): Promise<VideoFrame> => {
  const data = new Uint8ClampedArray(bytes);
  await frame.copyTo(data, { layout: planes });
  for (const patch of patches) blend(data, patch);
  const { rotation, flip, width, height, pixelAspectRatio } = source;
  const init: VideoFrameBufferInit & { rotation: number; flip: boolean; transfer: ArrayBuffer[] } = {
    format: frame.format as VideoPixelFormat,
    codedWidth: width,
    codedHeight: height,
    timestamp: frame.timestamp,
    ...(frame.duration === null ? {} : { duration: frame.duration }),
    // As it is before the rotation: what the frame says of it afterwards is turned (Chromium 156).
    displayWidth: Math.round(width * pixelAspectRatio),
    displayHeight: height,
    colorSpace: frame.colorSpace.toJSON(),
    rotation,
    flip,
    transfer: [data.buffer],
  };
  return new VideoFrame(data, init);
};
