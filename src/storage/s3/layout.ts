/** Which bytes of a file are which part of its multipart upload: always the same ones, so that it can be gone on with. Pure. */

/** Bytes that each part but the last must have (Amazon S3, "Multipart upload limits"). */
export const SMALLEST_PART = 5 * 1024 ** 2;
/** Parts that an upload may have. */
export const MOST_PARTS = 10_000;
/** Bytes that a part may have. */
const LARGEST_PART = 5 * 1024 ** 3;

/** Parts are all of one size up to this one, which is enough for most; then they double every so many. */
const STEADY = 5_000;
const STEP = 500;

/** Where a part lies in the file. */
export interface PartPlace {
  /** From 1. */
  number: number;
  /** Bytes before it. */
  start: number;
  /** Bytes; the last part of a file has less. */
  size: number;
}

const doublings = (number: number): number => Math.max(0, Math.ceil((number - STEADY) / STEP));

/**
 * The place of a part. With parts of 5 MiB, 10,000 of them hold 4.9 TiB; the most that S3 takes is 5 TiB.
 *
 * @param partBytes of the first one.
 */
export const partAt = (number: number, partBytes: number): PartPlace => {
  let start = 0;
  let first = 1;
  for (let run = 0; ; run++) {
    const size = Math.min(LARGEST_PART, partBytes * 2 ** run);
    const last = STEADY + run * STEP;
    if (doublings(number) === run) return { number, start: start + (number - first) * size, size };
    start += (last - first + 1) * size;
    first = last + 1;
  }
};

/** All parts of a file of so many bytes, the last one as long as it is. */
export const partsOf = (bytes: number, partBytes: number): PartPlace[] => {
  const parts: PartPlace[] = [];
  for (let number = 1; ; number++) {
    const part = partAt(number, partBytes);
    if (part.start >= bytes) return parts;
    parts.push({ ...part, size: Math.min(part.size, bytes - part.start) });
  }
};
