/** This device as storage, as the page sees it. */
import { LoadedStorage } from '../loaded-storage.ts';
import type { Storage } from '../storage.ts';

/**
 * Keeps recordings in the browser's origin private file system: nothing leaves the device, and only pages of
 * this origin can read it. Recordings that another storage did not take are kept here as well.
 */
export const device = (): Storage => new LoadedStorage({ kind: 'device' });
