/** Listing recordings, wherever they are. */
import type { Recording } from '../manifest.ts';
import type { Storage } from './storage.ts';

/**
 * All recordings in a storage, newest first.
 *
 * @throws StorageUnreachableError (`storage-unreachable`), StorageUnauthorizedError (`storage-unauthorized`),
 * DeviceStorageError (`device-storage-failed`).
 */
export const listRecordings = (
  storage: Storage,
  options: { signal?: AbortSignal } = {},
): Promise<Recording[]> => storage.list(options);
