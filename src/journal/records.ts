/**
 * Records of the journal's tail, one write of them after another: each write has a length, a checksum, and the number of the
 * generation that it belongs to, so that what is left of an older one behind it is not taken for a part of it. Pure.
 */
import { crc32 } from './crc32.ts';

/** What a record carries: JSON, and bytes that JSON can't hold. */
export interface JournalRecord {
  json: object;
  data?: Uint8Array;
}

/** Checksum, generation, length of JSON, length of data: four bytes each. */
const HEADER = 16;
/** UTF-8 has at most so many bytes for what counts one in a string's length. */
const UTF8 = 3;

const text = new TextEncoder();

/** The JSON of records that are written at once, each with the length of its data: text is encoded once for all of them. */
type Group = [json: object, length: number][];

const lengthOf = ({ data }: JournalRecord): number => data?.byteLength ?? 0;

const newRoom = (bytes: number): Uint8Array<ArrayBuffer> => new Uint8Array(bytes);

/**
 * The bytes of records that are written at once, and are all there or not at all.
 *
 * @param room gives so many bytes to write them in, or more.
 */
export const encodeRecords = (
  generation: number,
  records: readonly JournalRecord[],
  room = newRoom,
): Uint8Array<ArrayBuffer> => {
  const group: Group = records.map(record => [record.json, lengthOf(record)]);
  const head = JSON.stringify(records.length === 1 ? records[0]?.json : group);
  const length = records.reduce((sum, record) => sum + lengthOf(record), 0);
  const bytes = room(HEADER + UTF8 * head.length + length);
  const { written } = text.encodeInto(head, bytes.subarray(HEADER));
  const view = new DataView(bytes.buffer);
  view.setUint32(4, generation);
  view.setUint32(8, written);
  view.setUint32(12, length);
  let end = HEADER + written;
  for (const { data } of records) {
    if (data) bytes.set(data, end);
    end += data?.byteLength ?? 0;
  }
  view.setUint32(0, crc32(bytes.subarray(4, end)));
  return bytes.subarray(0, end);
};

/** The bytes of a record. */
export const encodeRecord = (generation: number, record: JournalRecord): Uint8Array<ArrayBuffer> =>
  encodeRecords(generation, [record]);

interface Decoded {
  records: JournalRecord[];
  generation: number;
  size: number;
}

/** @param data of all of them. */
const ungrouped = (group: Group, data: Uint8Array): JournalRecord[] => {
  let at = 0;
  return group.map(([json, length]) => {
    at += length;
    return length > 0 ? { json, data: data.slice(at - length, at) } : { json };
  });
};

const decodeAt = (bytes: Uint8Array, at: number): Decoded | undefined => {
  if (at + HEADER > bytes.length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, HEADER);
  const [checksum, generation] = [view.getUint32(0), view.getUint32(4)];
  const [jsonLength, dataLength] = [view.getUint32(8), view.getUint32(12)];
  const size = HEADER + jsonLength + dataLength;
  if (at + size > bytes.length || crc32(bytes.subarray(at + 4, at + size)) !== checksum) return undefined;
  const data = at + HEADER + jsonLength;
  const json = JSON.parse(new TextDecoder().decode(bytes.subarray(at + HEADER, data))) as Group | object;
  const group: Group = Array.isArray(json) ? json : [[json, dataLength]];
  return { generation, size, records: ungrouped(group, bytes.subarray(data, at + size)) };
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
    records.push(...next.records);
    at += next.size;
  }
  return { generation: first.generation, records };
};
