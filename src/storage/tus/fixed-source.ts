/** Bytes that are all there, as a file that is uploaded. */
import type { UploadSource } from '../sink.ts';

export const fixedSource = (key: string, bytes: Uint8Array<ArrayBuffer>): UploadSource => ({
  key,
  size: bytes.byteLength,
  sealed: true,
  read: async (offset, length) => bytes.subarray(offset, offset + length),
  waitFor: async () => undefined,
  release: () => undefined,
});
