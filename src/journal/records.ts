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

/** The bytes of a record. */
export const encodeRecord = (generation: number, { json, data }: JournalRecord): Uint8Array => {
  const head = text.encode(JSON.stringify(json));
  const bytes = new Uint8Array(HEADER + head.byteLength + (data?.byteLength ?? 0));
  const view = new DataView(bytes.buffer);
  view.setUint32(4, generation);
  view.setUint32(8, head.byteLength);
  view.setUint32(12, data?.byteLength ?? 0);
  bytes.set(head, HEADER);
  if (data) bytes.set(data, HEADER + head.byteLength);
  view.setUint32(0, crc32(bytes.subarray(4)));
  return bytes;
};

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
