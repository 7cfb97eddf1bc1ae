import { describe, expect, it } from 'vitest';
import type { HttpError } from '../../src/server/errors.ts';
import {
  checkCompletion,
  checkSameParts,
  checkTotal,
  checkWantedParts,
  fitAnyhow,
  isFileOf,
  multipartEtag,
  quoteEtag,
} from '../../src/server/s3/parts.ts';

const MD5 = 'CY9rzUYh03PK3k6DJie09g==';
const A = '"900150983cd24fb0d6963f7d28e17f72"';
const B = '"098f6bcd4621d373cade4e832627b4f6"';

/** What was thrown, as it is answered. */
const answerOf = (work: () => unknown): [number, string, string] => {
  try {
    work();
  } catch (thrown) {
    const { status, code, message } = thrown as HttpError;
    return [status, code, message];
  }
  throw new Error('Nothing was thrown.');
};

describe('the parts that a page wants to put', () => {
  it('are taken as they are, in any order', () => {
    const parts = [
      { number: 10_000, size: 1, md5: MD5 },
      { number: 1, size: 5 * 1024 ** 3, md5: MD5, more: 'left out' },
    ];
    expect(checkWantedParts({ parts })).toEqual([
      { number: 10_000, size: 1, md5: MD5 },
      { number: 1, size: 5 * 1024 ** 3, md5: MD5 },
    ]);
  });

  it.each([
    [null, 'parts: expected a list of 1 to 1000 parts'],
    [[], 'parts: expected'],
    [{ parts: [] }, 'got 0'],
    [{ parts: Array(1001).fill({ number: 1, size: 1, md5: MD5 }) }, 'got 1001'],
    [{ parts: [null] }, 'parts[]: expected an object, got null'],
    [
      { parts: [{ number: 0, size: 1, md5: MD5 }] },
      'parts[].number: expected a whole number, 1 to 10000, got 0',
    ],
    [{ parts: [{ number: 10_001, size: 1, md5: MD5 }] }, 'got 10001'],
    [{ parts: [{ number: 1.5, size: 1, md5: MD5 }] }, 'got 1.5'],
    [{ parts: [{ number: '1', size: 1, md5: MD5 }] }, 'got "1"'],
    [{ parts: [{ size: 1, md5: MD5 }] }, 'got nothing'],
    [{ parts: [{ number: 1, size: 0, md5: MD5 }] }, 'parts[].size: expected bytes, 1 or more, got 0'],
    [{ parts: [{ number: 1, size: -1, md5: MD5 }] }, 'got -1'],
    [{ parts: [{ number: 1, size: 1 }] }, 'parts[].md5'],
    [{ parts: [{ number: 1, size: 1, md5: `${MD5}\r\nx: y` }] }, 'parts[].md5'],
    [{ parts: [{ number: 1, size: 1, md5: 'x'.repeat(1000) }] }, '…'],
    [{ parts: Array(2).fill({ number: 1, size: 1, md5: MD5 }) }, 'each number once'],
  ])('are refused when they make no sense: %j', (body, message) => {
    const [status, code, text] = answerOf(() => checkWantedParts(body));
    expect([status, code]).toEqual([400, 'request-invalid']);
    expect(text).toContain(message);
    expect(text.length).toBeLessThan(200);
  });

  it('may not be larger than S3 takes, nor the file than it may be', () => {
    const large = { parts: [{ number: 1, size: 5 * 1024 ** 3 + 1, md5: MD5 }] };
    expect(answerOf(() => checkWantedParts(large)).slice(0, 2)).toEqual([413, 'too-large']);
    const stored = [
      { number: 1, size: 60, etag: A },
      { number: 2, size: 30, etag: B },
    ];
    checkTotal(stored, [{ number: 3, size: 10, md5: MD5 }], 100);
    checkTotal(stored, [{ number: 1, size: 70, md5: MD5 }], 100);
    expect(answerOf(() => checkTotal(stored, [{ number: 3, size: 11, md5: MD5 }], 100))[0]).toBe(413);
    expect(answerOf(() => checkTotal(stored, [{ number: 1, size: 71, md5: MD5 }], 100))[0]).toBe(413);
  });

  it('fit anyhow when as many as there may be, all of their size, do', () => {
    const of = (...sizes: number[]) => sizes.map((size, index) => ({ number: index + 1, size, md5: MD5 }));
    expect(fitAnyhow(of(10, 3), 100_000)).toBe(true);
    expect(fitAnyhow(of(10, 11), 100_000)).toBe(false);
    expect(fitAnyhow(of(5 * 1024 ** 2), 64 * 1024 ** 3)).toBe(true);
  });
});

describe('what a file consists of', () => {
  it('has ETags with quotes or without', () => {
    const parts = [
      { number: 1, etag: A },
      { number: 2, etag: B.slice(1, -1) },
    ];
    expect(checkCompletion({ size: 7, parts })).toEqual({
      size: 7,
      parts: [
        { number: 1, etag: A },
        { number: 2, etag: B },
      ],
    });
    expect(quoteEtag(' "a-1" ')).toBe('"a-1"');
    for (const wrong of ['', '""', '"', 'a"b', '<a>', 'a b', 'W/"a"&', 1, null, 'x'.repeat(257)]) {
      expect(quoteEtag(wrong)).toBeUndefined();
    }
  });

  it.each([
    [{ size: 1, parts: [{ number: 2, etag: A }] }, 'expected part 1 at this place, got part 2'],
    [
      { size: 1, parts: [1, 3].map(number => ({ number, etag: A })) },
      'expected part 2 at this place, got part 3',
    ],
    [
      { size: 1, parts: [1, 1].map(number => ({ number, etag: A })) },
      'expected part 2 at this place, got part 1',
    ],
    [{ size: 1, parts: [2, 1].map(number => ({ number, etag: A })) }, 'expected part 1'],
    [{ size: 1, parts: [{ number: 1, etag: '</ETag><x>' }] }, 'parts[].etag'],
    [{ size: 0, parts: [{ number: 1, etag: A }] }, 'size: expected bytes of the file, 1 or more, got 0'],
    [{ size: 1e99, parts: [{ number: 1, etag: A }] }, 'size'],
    [{ parts: [{ number: 1, etag: A }] }, 'got nothing'],
    [{ size: 1, parts: 'all' }, 'parts: expected a list of 1 to 10000 parts, got "all"'],
  ])('is refused when it makes no sense: %j', (body, message) => {
    const [status, code, text] = answerOf(() => checkCompletion(body));
    expect([status, code]).toEqual([400, 'request-invalid']);
    expect(text).toContain(message);
  });

  it('has to be what the store has', () => {
    const stored = [
      { number: 1, size: 4, etag: A },
      { number: 2, size: 3, etag: B },
    ];
    const parts = stored.map(({ number, etag }) => ({ number, etag }));
    checkSameParts(stored, { size: 7, parts });
    for (const [has, completion, message] of [
      [stored, { size: 7, parts: parts.slice(0, 1) }, 'it has 2 parts, the request names 1'],
      [[], { size: 7, parts }, 'it has 0 parts, the request names 2'],
      [[stored[0], { number: 3, size: 3, etag: B }], { size: 7, parts }, 'it has no part 2'],
      [
        [stored[0], { number: 2, size: 3, etag: A }],
        { size: 7, parts },
        `part 2 has the ETag ${A}, not ${B}`,
      ],
      [stored, { size: 8, parts }, 'its parts have 7 bytes, the request says 8'],
    ] as const) {
      const [status, code, text] = answerOf(() => checkSameParts(has as typeof stored, completion));
      expect([status, code]).toEqual([409, 'parts-mismatch']);
      expect(text).toContain(message);
    }
  });
});

describe('a finished file', () => {
  const completion = {
    size: 7,
    parts: [
      { number: 1, etag: A },
      { number: 2, etag: B },
    ],
  };
  const file = { size: 7, etag: multipartEtag(completion.parts) ?? '', isEncrypted: false };

  it('is known by the MD5 of its parts’ MD5s', () => {
    // By: printf 900150983cd24fb0d6963f7d28e17f72098f6bcd4621d373cade4e832627b4f6 | xxd -r -p | md5sum
    expect(file.etag).toBe('"43ae8f51466473709e4271edda005f8b-2"');
    expect(isFileOf(file, completion)).toBe(true);
    expect(isFileOf({ ...file, size: 8 }, completion)).toBe(false);
    expect(isFileOf(file, { ...completion, parts: completion.parts.toReversed() })).toBe(false);
  });

  it('is known by its size and number of parts where the store encrypts', () => {
    const encrypted = { size: 7, etag: '"f00-2"', isEncrypted: true };
    expect(isFileOf(encrypted, completion)).toBe(true);
    expect(isFileOf({ ...encrypted, etag: '"f00-3"' }, completion)).toBe(false);
    expect(isFileOf({ ...encrypted, size: 8 }, completion)).toBe(false);
    expect(multipartEtag([{ etag: '"not-an-md5"' }])).toBeUndefined();
  });
});
