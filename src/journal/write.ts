/** Writing into a file of the private file system: all of it, or an error. */
import type { SyncAccessHandle } from '../opfs.ts';

/** Where room comes from when there is none. */
export interface SpareRoom {
  /** Makes some; false when there is none left. */
  give(): boolean;
}

const NONE: SpareRoom = { give: () => false };

/** True when there was no room for what was written. */
const isFull = (error: unknown): boolean => error instanceof Error && error.name === 'QuotaExceededError';

/** @throws what the browser throws, `QuotaExceededError` also where it says nothing and writes nothing. */
export const writeAll = (
  handle: SyncAccessHandle,
  bytes: Uint8Array,
  at: number,
  room: SpareRoom = NONE,
): void => {
  for (let done = 0; done < bytes.byteLength; ) {
    const rest = done === 0 ? bytes : bytes.subarray(done);
    try {
      const written = handle.write(rest, { at: at + done });
      if (written === 0) throw new DOMException('a write took no bytes', 'QuotaExceededError');
      done += written;
    } catch (error) {
      if (!isFull(error) || !room.give()) throw error;
    }
  }
};
