/** What a storage that does not take something is told of as. Apart from the classes, which a page has without ever making one. Pure. */
import {
  StorageFullError,
  StorageRejectedError,
  StorageUnauthorizedError,
  StorageUnreachableError,
} from '../errors.ts';

export const unreachable = (
  endpoint: string,
  detail: string,
  status?: number,
  cause?: unknown,
): StorageUnreachableError =>
  new StorageUnreachableError(
    `The storage at ${endpoint} cannot be reached (${detail}). What it has not taken is kept on this device. Check the endpoint, the network, and the server's CORS settings.`,
    status,
    cause,
  );

export const unauthorized = (endpoint: string, status: number): StorageUnauthorizedError =>
  new StorageUnauthorizedError(
    `The storage at ${endpoint} refused access (HTTP ${status}). What it has not taken is kept on this device. Pass valid credentials in the storage's headers option.`,
    status,
  );

export const full = (endpoint: string, status: number, detail: string): StorageFullError =>
  new StorageFullError(
    `The storage at ${endpoint} has no room for the recording (${detail}). What it took is kept there, the rest on this device. Free space or raise the limit.`,
    status,
  );

export const rejected = (endpoint: string, status: number, detail: string): StorageRejectedError =>
  new StorageRejectedError(
    `The storage at ${endpoint} refused the request (HTTP ${status}: ${detail}).`,
    status,
  );
