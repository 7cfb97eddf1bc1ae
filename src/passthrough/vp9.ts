/** VP9 as WebRTC delivers it, turned into parameters of a file. Pure. */
import { vp9Level } from '../levels.ts';
import { type CodedFrame, unusable } from './coded-frame.ts';
import { colorFields, type EncodedVideo, SQUARE, two } from './parameters.ts';
import { splitSuperframe } from './superframe.ts';
import { type Coding, isVp9KeyFrame, readVp9Header, type Size, type Vp9Header } from './vp9-header.ts';

const HIGHEST_LEVEL = 62;
const SLOTS = 8;

/** True for what a recording can begin with: the lowest layer is a key frame. */
export const isVp9Key = (data: Uint8Array): boolean => {
  const [first] = splitSuperframe(data);
  return first !== undefined && isVp9KeyFrame(first);
};

/** `vp09.PP.LL.DD`, and the rest where it is not the usual (VP Codec ISO Media File Format Binding: all or none). */
const codecOf = ({ profile, bitDepth, colorSpace }: Coding, chroma: number, level: number): string => {
  const short = `vp09.${two(profile)}.${two(level)}.${two(bitDepth)}`;
  const { points, usual } = colorFields(colorSpace);
  if (usual && chroma === 1) return short;
  return [short, two(chroma), ...points, colorSpace.fullRange ? '01' : '00'].join('.');
};

/** The frames of one picture, as their headers have it. */
interface Picture {
  /** Absent when the first is no key frame. */
  coding: Coding | undefined;
  /** Of the last, which is the highest spatial layer: each is predicted from the one below. */
  size: Size;
  /** What can be referred to afterwards. */
  slots: readonly Size[];
}

const kept = ({ size, ...header }: Vp9Header, slots: readonly Size[]): readonly Size[] => {
  if (header.kind === 'existing') return slots;
  if (header.kind === 'key') return Array.from({ length: SLOTS }, () => size);
  return slots.map((slot, i) => ((header.refresh >> i) & 1 ? size : slot));
};

const readPicture = (data: Uint8Array, before: readonly Size[]): Picture | undefined => {
  let picture: Picture | undefined;
  let slots = before;
  for (const [i, frame] of splitSuperframe(data).entries()) {
    const header = readVp9Header(frame, slots);
    // A key frame in the midst of a picture would throw away the layers below.
    if (header === undefined || (i > 0 && header.kind === 'key')) return undefined;
    slots = kept(header, slots);
    const coding: Coding | undefined = header.kind === 'key' ? header.coding : picture?.coding;
    picture = { coding, size: header.size, slots };
  }
  return picture;
};

const parametersOf = ({ coding, size }: Picture, frameRate: number): EncodedVideo | undefined => {
  if (coding?.chroma === undefined) return undefined;
  const [codedWidth, codedHeight] = size;
  const level = vp9Level({ width: codedWidth, height: codedHeight, frameRate }, 0) ?? HIGHEST_LEVEL;
  return {
    family: 'vp9',
    codec: codecOf(coding, coding.chroma, level),
    codedWidth,
    codedHeight,
    pixelAspect: SQUARE,
    colorSpace: coding.colorSpace,
  };
};

/**
 * Parameters from a key frame, or from a superframe that begins with one; the size is that of its highest spatial
 * layer. `undefined` when it is none, or damaged, or what MP4 can't describe.
 *
 * @param frameRate frames a second. VP9 does not tell its level: the lowest that holds size and rate is taken.
 */
export const vp9Parameters = (data: Uint8Array, frameRate: number): EncodedVideo | undefined => {
  const picture = isVp9Key(data) ? readPicture(data, []) : undefined;
  return picture && parametersOf(picture, frameRate);
};

/** Follows the sizes of one stream. */
export class Vp9Stream {
  #current: { parameters: EncodedVideo; slots: readonly Size[] } | undefined;

  /** @param frameRate see `vp9Parameters`; the same for all of a stream, or levels would change without need. */
  constructor(private readonly frameRate: number) {}

  /** @param data one picture: a frame, or a superframe of its layers. */
  take(data: Uint8Array): CodedFrame {
    const key = isVp9Key(data);
    const current = this.#current;
    if (!key && current === undefined) return unusable('no-key-frame');
    this.#current = undefined;
    const picture = readPicture(data, key ? [] : (current?.slots ?? []));
    if (picture === undefined) return unusable('unreadable');
    if (key) return this.#key(picture, data);
    const [width, height] = picture.size;
    if (current?.parameters.codedWidth !== width || current.parameters.codedHeight !== height)
      return unusable('resized-between-key-frames');
    this.#current = { ...current, slots: picture.slots };
    return { kind: 'sample', type: 'delta', data };
  }

  #key(picture: Picture, data: Uint8Array): CodedFrame {
    const parameters = parametersOf(picture, this.frameRate);
    if (parameters === undefined) return unusable('unreadable');
    this.#current = { parameters, slots: picture.slots };
    return { kind: 'sample', type: 'key', data, parameters };
  }
}
