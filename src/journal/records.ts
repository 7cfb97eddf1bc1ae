/**
 * Records of the journal's tail, one after another: each has a length, a checksum, and the number of the generation that it
 * belongs to, so that what is left of an older one behind it is not taken for a part of it. Pure.
 */
import { crc32 } from './crc32.ts';

/** What a record carries: JSON, and bytes that JSON can't hold. */
export interface JournalRecord {
  json: object;
  data?: Uint8Array;
}

/** Checksum, generation, length of JSON, length of data: four bytes each. */
const HEADER = 16;

const text = new TextEncoder();

/** UTF-8 has at most so many bytes for what a string has as one. */
const UTF8 = 3;

/** The bytes of records, one after another. */
export const encodeRecords = (
  generation: number,
  records: readonly JournalRecord[],
): Uint8Array<ArrayBuffer> => {
  const heads = records.map(({ json }) => JSON.stringify(json));
  const most = records.reduce(
    (sum, { data }, i) => sum + HEADER + UTF8 * (heads[i] as string).length + (data?.byteLength ?? 0),
    0,
  );
  const bytes = new Uint8Array(most);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [i, { data }] of records.entries()) {
    const { written } = text.encodeInto(heads[i] as string, bytes.subarray(at + HEADER));
    view.setUint32(at + 4, generation);
    view.setUint32(at + 8, written);
    view.setUint32(at + 12, data?.byteLength ?? 0);
    const end = at + HEADER + written + (data?.byteLength ?? 0);
    if (data) bytes.set(data, at + HEADER + written);
    view.setUint32(at, crc32(bytes.subarray(at + 4, end)));
    at = end;
  }
  return bytes.subarray(0, at);
};

/** The bytes of a record. */
export const encodeRecord = (generation: number, record: JournalRecord): Uint8Array<ArrayBuffer> =>
  encodeRecords(generation, [record]);

interface Decoded extends JournalRecord {
  generation: number;
  size: number;
}

const decodeAt = (bytes: Uint8Array, at: number): Decoded | undefined => {
  if (at + HEADER > bytes.length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, HEADER);
  const [checksum, generation] = [view.getUint32(0), view.getUint32(4)];
  const [jsonLength, dataLength] = [view.getUint32(8), view.getUint32(12)];
  const size = HEADER + jsonLength + dataLength;
  if (at + size > bytes.length || crc32(bytes.subarray(at + 4, at + size)) !== checksum) return undefined;
  const data = at + HEADER + jsonLength;
  const json = JSON.parse(new TextDecoder().decode(bytes.subarray(at + HEADER, data))) as object;
  return {
    generation,
    size,
    json,
    ...(dataLength > 0 ? { data: bytes.slice(data, data + dataLength) } : {}),
  };
};

/** The whole records at the beginning that are of one generation; `undefined` when not even the first is whole. */
export const decodeRecords = (
  bytes: Uint8Array,
): { generation: number; records: JournalRecord[] } | undefined => {
  const first = decodeAt(bytes, 0);
  if (!first) return undefined;
  const records: JournalRecord[] = [];
  let at = 0;
  for (
    let next: Decoded | undefined = first;
    next?.generation === first.generation;
    next = decodeAt(bytes, at)
  ) {
    const { json, data, size } = next;
    records.push(data ? { json, data } : { json });
    at += size;
  }
  return { generation: first.generation, records };
};
