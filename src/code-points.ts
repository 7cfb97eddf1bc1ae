/** Code points of colours (ITU-T H.273, tables 2 to 4) and the names that WebCodecs has for them (9.9). Pure. */

const PRIMARIES: Record<string, number> = { bt709: 1, bt470bg: 5, smpte170m: 6, bt2020: 9, smpte432: 12 };
const TRANSFER: Record<string, number> = {
  bt709: 1,
  smpte170m: 6,
  linear: 8,
  'iec61966-2-1': 13,
  pq: 16,
  hlg: 18,
};
const MATRIX: Record<string, number> = { rgb: 0, bt709: 1, bt470bg: 5, smpte170m: 6, 'bt2020-ncl': 9 };
/** What is not known, or has no name. */
const UNSPECIFIED = 2;

/** A colour space by its names. */
export interface NamedColors {
  readonly primaries?: string | null | undefined;
  readonly transfer?: string | null | undefined;
  readonly matrix?: string | null | undefined;
}

/** Primaries, transfer and matrix as numbers; 2 where unknown. */
export const colorCodePoints = (space: NamedColors | undefined): [number, number, number] => [
  PRIMARIES[space?.primaries ?? ''] ?? UNSPECIFIED,
  TRANSFER[space?.transfer ?? ''] ?? UNSPECIFIED,
  MATRIX[space?.matrix ?? ''] ?? UNSPECIFIED,
];

const nameOf = (names: Record<string, number>, code: number): string | null =>
  Object.keys(names).find(name => names[name] === code) ?? null;

/** The names of code points; `null` where WebCodecs has none. */
export const namedColors = (
  primaries: number,
  transfer: number,
  matrix: number,
): { primaries: string | null; transfer: string | null; matrix: string | null } => ({
  primaries: nameOf(PRIMARIES, primaries),
  transfer: nameOf(TRANSFER, transfer),
  matrix: nameOf(MATRIX, matrix),
});
