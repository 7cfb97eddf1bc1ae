/** Reading, listing and deleting, by what a storage is: a chunk of its own, which the page loads when it is needed. */
import { DeviceAccess } from './device/access.ts';
import { DirectoryAccess } from './directory/access.ts';
import { HandlerAccess } from './handler-access.ts';
import type { RequestHeaders } from './headers.ts';
import type { ReadableConfig } from './loaded-storage.ts';
import type { Access } from './storage.ts';

/** @param headers of a storage that is reached by requests. */
export const openAccess = (config: ReadableConfig, headers?: RequestHeaders): Access => {
  if (config.kind === 'device') return new DeviceAccess();
  if (config.kind === 'directory') return new DirectoryAccess(config);
  return new HandlerAccess(config, headers as RequestHeaders);
};
