/** Lists of parts: what a page may ask for, and whether the store has what the page thinks it has. Pure. */
import { md5 } from '@noble/hashes/legacy.js';
import { type HttpError, requestInvalid, tooLarge } from '../errors.ts';
import { partsMismatch } from './errors.ts';

/** What S3 sets: parts of an upload, and bytes of one part. */
const MAX_PARTS = 10_000;
const MAX_PART_BYTES = 5 * 1024 ** 3;
/** Addresses that are signed in one go. */
const MAX_SIGNED = 1_000;

/** A part that a page wants to put. */
export interface WantedPart {
  number: number;
  /** Bytes. */
  size: number;
  /** Of its bytes, in base64, as `Content-MD5` has it. */
  md5: string;
}

/** A part that the store has. */
export interface StoredPart {
  number: number;
  /** Bytes. */
  size: number;
  /** In quotes, as the `ETag` header has it. */
  etag: string;
}

/** What a page says that its file consists of. */
export interface Completion {
  /** Bytes of the whole file. */
  size: number;
  parts: { number: number; etag: string }[];
}

const isWhole = (value: unknown, from: number, to: number): value is number =>
  Number.isSafeInteger(value) && Number(value) >= from && Number(value) <= to;

const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
};

const invalid = (name: string, expected: string, value: unknown): HttpError =>
  requestInvalid(`${name}: expected ${expected}, got ${shown(value)}.`);

/** The ETag in quotes; `undefined` when it is none. Pages and stores write it with quotes or without. */
export const quoteEtag = (etag: unknown): string | undefined => {
  const bare = typeof etag === 'string' ? etag.trim().replace(/^"(.*)"$/, '$1') : '';
  return /^[A-Za-z0-9+/=_.-]{1,256}$/.test(bare) ? `"${bare}"` : undefined;
};

const listOf = (body: unknown, max: number): Record<string, unknown>[] => {
  const parts = (body as { parts?: unknown } | null)?.parts;
  if (!Array.isArray(parts) || parts.length === 0 || parts.length > max) {
    throw invalid('parts', `a list of 1 to ${max} parts`, Array.isArray(parts) ? parts.length : parts);
  }
  return parts.map((part: unknown) => {
    if (typeof part === 'object' && part !== null) return part as Record<string, unknown>;
    throw invalid('parts[]', 'an object', part);
  });
};

const checkNumber = (number: unknown): number => {
  if (isWhole(number, 1, MAX_PARTS)) return number;
  throw invalid('parts[].number', `a whole number, 1 to ${MAX_PARTS}`, number);
};

const checkWanted = ({ number, size, md5 }: Record<string, unknown>): WantedPart => {
  if (!isWhole(size, 1, Number.MAX_SAFE_INTEGER)) throw invalid('parts[].size', 'bytes, 1 or more', size);
  if (size > MAX_PART_BYTES) throw tooLarge('A part', MAX_PART_BYTES);
  // 16 bytes: the last of the 22 digits holds 4 bits only.
  if (typeof md5 !== 'string' || !/^[A-Za-z0-9+/]{21}[AQgw]==$/.test(md5)) {
    throw invalid('parts[].md5', 'the 16 bytes of the MD5 in base64', md5);
  }
  return { number: checkNumber(number), size, md5 };
};

/** The parts that a page wants to put. @throws HttpError (400, 413). */
export const checkWantedParts = (body: unknown): WantedPart[] => {
  const parts = listOf(body, MAX_SIGNED).map(checkWanted);
  const numbers = new Set(parts.map(part => part.number));
  if (numbers.size === parts.length) return parts;
  throw requestInvalid('parts: expected each number once, got one twice.');
};

/** What a page says that its file consists of. @throws HttpError (400). */
export const checkCompletion = (body: unknown): Completion => {
  const parts = listOf(body, MAX_PARTS).map(({ number, etag }) => {
    const quoted = quoteEtag(etag);
    if (quoted === undefined) throw invalid('parts[].etag', 'the ETag that the store answered with', etag);
    return { number: checkNumber(number), etag: quoted };
  });
  const gap = parts.findIndex(({ number }, index) => number !== index + 1);
  if (gap >= 0) {
    throw requestInvalid(`parts: expected part ${gap + 1} at this place, got part ${parts[gap]?.number}.`);
  }
  const { size } = body as { size?: unknown };
  if (!isWhole(size, 1, Number.MAX_SAFE_INTEGER)) throw invalid('size', 'bytes of the file, 1 or more', size);
  return { size, parts };
};

const sum = (parts: readonly { size: number }[]): number =>
  parts.reduce((total, { size }) => total + size, 0);

/** Throws when the file would be too large with these parts: those put before count, unless they are replaced. */
export const checkTotal = (
  stored: readonly StoredPart[],
  wanted: readonly WantedPart[],
  maxFileBytes: number,
): void => {
  const replaced = new Set(wanted.map(part => part.number));
  const kept = stored.filter(part => !replaced.has(part.number));
  if (sum(kept) + sum(wanted) > maxFileBytes) throw tooLarge('The file', maxFileBytes);
};

/**
 * True when parts of these sizes can't make a file too large, whatever was put before: as many as an upload may have would fit.
 * Then nobody has to count. With larger ones among them, which are counted with all that is there, an upload has less than twice what
 * the file may have.
 */
export const fitAnyhow = (wanted: readonly WantedPart[], maxFileBytes: number): boolean =>
  wanted.every(({ size }) => size * MAX_PARTS <= maxFileBytes);

/** True when all parts but the last have one size. */
export const areEven = (parts: readonly { size: number }[]): boolean =>
  parts.slice(0, -1).every(({ size }) => size === parts[0]?.size);

/** Throws when the store does not have exactly these parts. */
export const checkSameParts = (stored: readonly StoredPart[], { size, parts }: Completion): void => {
  if (stored.length !== parts.length) {
    throw partsMismatch(`it has ${stored.length} parts, the request names ${parts.length}`);
  }
  for (const [index, { number, etag }] of parts.entries()) {
    const has = stored[index];
    if (has?.number !== number) throw partsMismatch(`it has no part ${number}`);
    if (has.etag !== etag) throw partsMismatch(`its part ${number} has the ETag ${has.etag}, not ${etag}`);
  }
  const total = sum(stored);
  if (total !== size) throw partsMismatch(`its parts have ${total} bytes, the request says ${size}`);
};

const HEX = /^"[0-9a-f]{32}"$/;

/**
 * The ETag that S3 gives to a file of these parts: the MD5 of their MD5s, and their number. `undefined` when the
 * parts' ETags are no MD5s, as those of files that are encrypted with keys of a key service.
 */
export const multipartEtag = (parts: readonly { etag: string }[]): string | undefined => {
  if (!parts.every(({ etag }) => HEX.test(etag))) return undefined;
  const digests = new Uint8Array(parts.length * 16);
  for (const [index, { etag }] of parts.entries()) {
    for (let at = 0; at < 16; at++) {
      digests[index * 16 + at] = Number.parseInt(etag.slice(1 + at * 2, 3 + at * 2), 16);
    }
  }
  const hex = [...md5(digests)].map(byte => byte.toString(16).padStart(2, '0')).join('');
  return `"${hex}-${parts.length}"`;
};

/** True when a finished file is the one of these parts, as far as its size and ETag tell. */
export const isFileOf = (
  file: { size: number; etag: string; isEncrypted: boolean },
  { size, parts }: Completion,
): boolean => {
  if (file.size !== size) return false;
  const expected = file.isEncrypted ? undefined : multipartEtag(parts);
  return expected === undefined ? file.etag.endsWith(`-${parts.length}"`) : file.etag === expected;
};
