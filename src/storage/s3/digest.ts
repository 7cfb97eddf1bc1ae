/** How S3 stores are told what a part's bytes are. */
import { BlockHash, hexOf } from '../../block-hash.ts';
import { MD5 } from './md5.ts';

/** Bytes that are digested in one go, about five milliseconds. */
const BREATH = 1024 ** 2;

/** Frames wait in the same worker: they get their turn in between. */
export const md5Of = async (bytes: Uint8Array): Promise<Uint8Array> => {
  const hash = new BlockHash(MD5);
  for (let at = 0; at < bytes.byteLength; at += BREATH) {
    if (at > 0) await new Promise(resolve => setTimeout(resolve));
    hash.update(bytes.subarray(at, at + BREATH));
  }
  return hash.digest();
};

/** As the header `Content-MD5` has it. */
export const base64Of = (digest: Uint8Array): string => btoa(String.fromCharCode(...digest));

/** As the header `ETag` has it. */
export const etagOf = (digest: Uint8Array): string => `"${hexOf(digest)}"`;
