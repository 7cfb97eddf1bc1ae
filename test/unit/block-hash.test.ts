/** The digests of recordings and of their parts, against Node's. */
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { BlockHash } from '../../src/block-hash.ts';
import { Sha256 } from '../../src/journal/sha256.ts';
import { base64Of, etagOf, md5Of } from '../../src/storage/s3/digest.ts';
import { MD5 } from '../../src/storage/s3/md5.ts';

/** Longer than three blocks. */
const bytes = Uint8Array.from({ length: 200 }, (_, i) => (i * 167 + 13) & 0xff);
const expected = (name: 'sha256' | 'md5', input: Uint8Array): string =>
  createHash(name).update(input).digest('hex');
const hex = (input: Uint8Array): string => Buffer.from(input).toString('hex');

it('are right, whatever the length', () => {
  for (let length = 0; length <= bytes.length; length++) {
    const input = bytes.subarray(0, length);
    expect(new Sha256().update(input).hex(), `${length} bytes`).toBe(expected('sha256', input));
    expect(hex(new BlockHash(MD5).update(input).digest()), `${length} bytes`).toBe(expected('md5', input));
  }
});

it('go on from what lies in front, wherever it is parted, and after they were put down', () => {
  for (let at = 0; at <= bytes.length; at++) {
    const [front, rest] = [bytes.subarray(0, at), bytes.subarray(at)];
    const state = JSON.parse(JSON.stringify(new Sha256().update(front).state));
    expect(new Sha256(state).update(rest).hex(), `${at} bytes`).toBe(expected('sha256', bytes));
    expect(hex(new BlockHash(MD5).update(front).update(rest).digest())).toBe(expected('md5', bytes));
  }
});

it('tell S3 what a part is', async () => {
  // More than is digested in one go.
  const part = new Uint8Array(1024 ** 2 + 1).fill(7);
  const digest = await md5Of(part);
  expect(etagOf(digest)).toBe(`"${expected('md5', part)}"`);
  expect(base64Of(digest)).toBe(createHash('md5').update(part).digest('base64'));
});

it('count lengths whose bits go beyond 32 bits', () => {
  const length = 2 ** 29 + 64;
  const { words } = new Sha256().update(bytes.subarray(0, 64)).state;
  const padding = new Uint8Array(64);
  padding[0] = 0x80;
  new DataView(padding.buffer).setBigUint64(56, BigInt(length) * 8n);
  const { state } = new Sha256({ words, length: 0, rest: [] }).update(padding);
  const written = state.words.map(word => (word >>> 0).toString(16).padStart(8, '0'));
  expect(new Sha256({ words, length, rest: [] }).hex()).toBe(written.join(''));
});
