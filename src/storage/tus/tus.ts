/** tus storage, as the page sees it. */
import { requestHeaders } from '../headers.ts';
import { LoadedStorage } from '../loaded-storage.ts';
import { checkNames, endpointOption, numberOption } from '../options.ts';
import type { HeadersOption, Storage, TusConfig } from '../storage.ts';

/** Options of `tus()`. */
export interface TusOptions {
  /** Address of the storage handler, absolute or relative to the page: `/storage`. */
  endpoint: string | URL;
  /**
   * Sent with every request, for example `{ Authorization: 'Bearer …' }`. A function is called before each one, for tokens that
   * expire; it may resolve later, and while it rejects the request is tried again. Never put into a log or manifest.
   */
  headers?: HeadersOption;
  /**
   * Bytes that are sent at once. With a server that keeps files in S3, at least 5 MiB. Default 1 MiB, and up to 8 MiB where more
   * is there, as of a clip or after an outage, for as long as the link takes them in a moment.
   */
  chunkBytes?: number;
  /** Seconds after which what is there is sent although it is less than `chunkBytes`. Default 2. */
  flushInterval?: number;
  /** Seconds without any progress after `stop()` until the storage is given up. Default 30. */
  giveUpAfter?: number;
}

const CHUNK = 1024 ** 2;
/** A request costs as much as some megabytes do on a fast link: the server flushes its disk before it answers. */
const LARGEST_CHUNK = 8 * CHUNK;

const NAMES = ['endpoint', 'headers', 'chunkBytes', 'flushInterval', 'giveUpAfter'];

/**
 * Uploads to a tus 1.0 server while recording: the storage handler of `steadyreel/server`, or
 * `npx steadyreel serve`.
 *
 * @throws OptionUnknownError (`option-unknown`), OptionInvalidError (`option-invalid`).
 */
export const tus = (options: TusOptions): Storage => {
  checkNames(options, NAMES);
  const headers = requestHeaders(options?.headers, 'tus.headers');
  const bytes = { from: 65_536, to: 1024 ** 3, unit: 'bytes', fallback: CHUNK };
  const chunkBytes = Math.round(numberOption(options?.chunkBytes, 'tus.chunkBytes', bytes));
  const flushInterval = { from: 0.1, to: 3600, unit: 'seconds', fallback: 2 };
  const giveUpAfter = { from: 0, to: 86_400, unit: 'seconds', fallback: 30 };
  const config: TusConfig = {
    kind: 'tus',
    endpoint: endpointOption(options?.endpoint, 'tus.endpoint'),
    headers: headers.fixed,
    chunkBytes,
    largestChunk: options.chunkBytes ? chunkBytes : LARGEST_CHUNK,
    flushInterval: numberOption(options.flushInterval, 'tus.flushInterval', flushInterval),
    giveUpAfter: numberOption(options.giveUpAfter, 'tus.giveUpAfter', giveUpAfter),
  };
  return new LoadedStorage(config, headers);
};
