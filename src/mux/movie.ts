/** What a fragmented file begins with: `ftyp` and `moov` (ISO/IEC 14496-12, 8.2). Pure. */
import type { Rotation } from '../manifest.ts';
import { ascii, box, concat, fixed16, fixed30, fullBox, type Part, u16, u32, zeros } from './boxes.ts';

/** What the header says of a track. */
export interface MovieTrack {
  id: number;
  /** Ticks in a second. */
  timescale: number;
  sampleEntry: Uint8Array;
  /** Ticks that players leave out at the beginning: the encoder's delay. */
  leftOut: number;
  /** Absent for sound. Size in pixels as it is shown before it is rotated. */
  picture?: { width: number; height: number; rotation: Rotation; flip: boolean };
}

/** Seconds from 1904 to 1970. */
const EPOCH = 2_082_844_800;
/** Ticks in a second of the movie as a whole; nothing is counted in them. */
const TIMESCALE = 1_000;
/** "und": no language (ISO/IEC 14496-12, 8.4.2). */
const UNDETERMINED = 0x55c4;

/** A matrix from the picture as it is stored to the one that is shown (ISO/IEC 14496-12, 6.2.2). */
const matrixOf = ({ width, height, rotation, flip }: NonNullable<MovieTrack['picture']>): number[] => {
  const [a, b] = { 0: [1, 0], 90: [0, 1], 180: [-1, 0], 270: [0, -1] }[rotation] as [number, number];
  const sideways = b !== 0;
  const [shownWidth, shownHeight] = sideways ? [height, width] : [width, height];
  // Rotated clockwise about the origin, then moved back to where all of it has positive places.
  const x = a - b < 0 ? shownWidth : 0;
  const y = a + b < 0 ? shownHeight : 0;
  const mirror = flip ? -1 : 1;
  const left = flip ? shownWidth - x : x;
  const rows: [number, number, number][] = [
    [mirror * a, b, 0],
    [mirror * -b, a, 0],
    [left, y, 1],
  ];
  return rows.flatMap(([u, v, w]) => [...fixed16(u), ...fixed16(v), ...fixed30(w)]);
};

const IDENTITY = matrixOf({ width: 0, height: 0, rotation: 0, flip: false });

const mvhd = (created: number, tracks: readonly MovieTrack[]): Uint8Array => {
  const next = Math.max(...tracks.map(track => track.id)) + 1;
  const times = [...u32(created), ...u32(created), ...u32(TIMESCALE), ...u32(0)];
  // Rate and volume are one.
  return fullBox('mvhd', 0, 0, times, fixed16(1), u16(0x0100), zeros(10), IDENTITY, zeros(24), u32(next));
};

const tkhd = (created: number, { id, picture }: MovieTrack): Uint8Array => {
  const times = [...u32(created), ...u32(created), ...u32(id), ...zeros(4), ...u32(0)];
  const volume = u16(picture ? 0 : 0x0100);
  const matrix = picture ? matrixOf(picture) : IDENTITY;
  const size = [...fixed16(picture?.width ?? 0), ...fixed16(picture?.height ?? 0)];
  // Enabled, and part of the presentation.
  return fullBox('tkhd', 0, 3, times, zeros(8), zeros(4), volume, zeros(2), matrix, size);
};

/** One edit as long as the media, whatever that will be (ISO/IEC 14496-12, 8.6.6). */
const edts = ({ leftOut }: MovieTrack): Uint8Array[] =>
  leftOut === 0 ? [] : [box('edts', fullBox('elst', 0, 0, u32(1), u32(0), u32(leftOut), fixed16(1)))];

const hdlr = (kind: string, name: string): Uint8Array =>
  fullBox('hdlr', 0, 0, zeros(4), ascii(kind), zeros(12), ascii(name), [0]);

const stbl = (sampleEntry: Uint8Array): Uint8Array =>
  box(
    'stbl',
    fullBox('stsd', 0, 0, u32(1), sampleEntry),
    // The samples are all in movie fragments.
    fullBox('stts', 0, 0, u32(0)),
    fullBox('stsc', 0, 0, u32(0)),
    fullBox('stsz', 0, 0, u32(0), u32(0)),
    fullBox('stco', 0, 0, u32(0)),
  );

const mdia = (created: number, { timescale, sampleEntry, picture }: MovieTrack): Uint8Array => {
  const times = [...u32(created), ...u32(created), ...u32(timescale), ...u32(0)];
  // The data is in the same file.
  const dinf = box('dinf', fullBox('dref', 0, 0, u32(1), fullBox('url ', 0, 1)));
  return box(
    'mdia',
    fullBox('mdhd', 0, 0, times, u16(UNDETERMINED), u16(0)),
    picture ? hdlr('vide', 'video') : hdlr('soun', 'audio'),
    box(
      'minf',
      picture ? fullBox('vmhd', 0, 1, zeros(8)) : fullBox('smhd', 0, 0, zeros(4)),
      dinf,
      stbl(sampleEntry),
    ),
  );
};

/**
 * The header of a file whose samples all come in movie fragments.
 *
 * @param createdAt seconds since 1970.
 */
export const movieHeader = (tracks: readonly MovieTrack[], createdAt: number): Uint8Array => {
  const created = Math.floor(createdAt) + EPOCH;
  const traks: Part[] = tracks.map(track =>
    box('trak', tkhd(created, track), ...edts(track), mdia(created, track)),
  );
  const trexes = tracks.map(({ id }) => fullBox('trex', 0, 0, u32(id), u32(1), zeros(12)));
  // iso5: offsets in a movie fragment count from its beginning. iso6: its `tfdt` has the time.
  const brands = ['isom', 'iso5', 'iso6', 'mp41'];
  const ftyp = box('ftyp', ascii('isom'), u32(0x200), ...brands.map(ascii));
  return concat([ftyp, box('moov', mvhd(created, tracks), ...traks, box('mvex', ...trexes))]);
};
