/** What a journal's records carry comes back, as far as it is whole: whatever was torn, cut, or left over from before. */
import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32 } from '../../src/journal/crc32.ts';
import { decodeRecords, encodeRecord, encodeRecords, type JournalRecord } from '../../src/journal/records.ts';
import { Sha256 } from '../../src/journal/sha256.ts';

const record = fc
  .record({ text: fc.string(), data: fc.option(fc.uint8Array({ minLength: 1, maxLength: 200 })) })
  .map(({ text, data }): JournalRecord => (data ? { json: { text }, data } : { json: { text } }));
const records = fc.array(record, { minLength: 1, maxLength: 8 });

const join = (pieces: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(pieces));
const written = (generation: number, all: readonly JournalRecord[]): Uint8Array[] =>
  all.map(one => encodeRecord(generation, one));

describe('records', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(records, fc.integer({ min: 1, max: 2 ** 32 - 1 }), (all, generation) => {
        expect(decodeRecords(join(written(generation, all)))).toEqual({ generation, records: all });
      }),
    );
  });
  it('that are cut off anywhere leave those before them', () => {
    fc.assert(
      fc.property(records, fc.nat(), (all, place) => {
        const pieces = written(7, all);
        const bytes = join(pieces);
        const cut = place % bytes.length;
        let [whole, end] = [0, 0];
        for (const piece of pieces) {
          end += piece.length;
          if (end <= cut) whole++;
        }
        expect(decodeRecords(bytes.slice(0, cut))?.records ?? []).toEqual(all.slice(0, whole));
      }),
    );
  });
  it('of which a bit was turned are not trusted, nor what follows', () => {
    fc.assert(
      fc.property(records, fc.nat(), fc.integer({ min: 0, max: 7 }), (all, place, bit) => {
        const pieces = written(7, all);
        const bytes = join(pieces);
        const at = place % bytes.length;
        bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
        let [whole, end] = [0, 0];
        for (const piece of pieces) {
          end += piece.length;
          if (end <= at) whole++;
        }
        expect(decodeRecords(bytes)?.records ?? []).toEqual(all.slice(0, whole));
      }),
    );
  });
  it('of an older generation that lie behind are not taken for a part', () => {
    fc.assert(
      fc.property(records, records, (newer, older) => {
        const bytes = join(written(5, older));
        const over = join(written(7, newer));
        const file = new Uint8Array(Math.max(bytes.length, over.length));
        file.set(bytes);
        file.set(over);
        expect(decodeRecords(file)).toEqual({ generation: 7, records: newer });
      }),
    );
  });
});

describe('records that are written at once', () => {
  const groups = fc.array(records, { minLength: 1, maxLength: 5 });

  it('come back as they were, and cut off anywhere leave the writes before', () => {
    fc.assert(
      fc.property(groups, fc.nat(), (all, place) => {
        const pieces = all.map(group => encodeRecords(7, group));
        const bytes = join(pieces);
        expect(decodeRecords(bytes)).toEqual({ generation: 7, records: all.flat() });
        const cut = place % bytes.length;
        let [whole, end] = [0, 0];
        for (const piece of pieces) {
          end += piece.length;
          if (end <= cut) whole++;
        }
        expect(decodeRecords(bytes.slice(0, cut))?.records ?? []).toEqual(all.slice(0, whole).flat());
      }),
    );
  });
});

it('records are the same in memory that others have been written in', () => {
  const group = fc.array(records, { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(group, all => {
      const used = new Uint8Array(100_000).fill(0xa5);
      for (const each of all) expect(encodeRecords(7, each, () => used)).toEqual(encodeRecords(7, each));
    }),
  );
});

describe('checksums in pieces', () => {
  it('are those of the whole, put down and gone on with anywhere', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 6 }), pieces => {
        let hash = new Sha256();
        let crc = 0;
        for (const piece of pieces) {
          hash = new Sha256(JSON.parse(JSON.stringify(hash.state)));
          hash.update(piece);
          crc = crc32(piece, crc);
        }
        expect(hash.hex()).toBe(createHash('sha256').update(join(pieces)).digest('hex'));
        expect(crc).toBe(crc32(join(pieces)));
      }),
    );
  });
  it('are those that the standard gives', () => {
    // The check value of CRC-32, of the digits 1 to 9.
    expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
  });
});
