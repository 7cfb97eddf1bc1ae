/** S3 storage, as the page sees it. */
import { requestHeaders } from '../headers.ts';
import { LoadedStorage } from '../loaded-storage.ts';
import { checkNames, endpointOption, numberOption } from '../options.ts';
import type { HeadersOption, S3Config, Storage } from '../storage.ts';
import { SMALLEST_PART } from './layout.ts';

/** Options of `s3()`. */
export interface S3Options {
  /** Address of the handler that `createS3Handler` of `steadyreel/server` made, absolute or relative to the page: `/storage`. */
  endpoint: string | URL;
  /**
   * Sent with every request to the handler, for example `{ Authorization: 'Bearer …' }`; never to the store. A function is called
   * before each one, for tokens that expire; it may resolve later, and while it rejects the request is tried again. Never put
   * into a log or manifest.
   */
  headers?: HeadersOption;
  /**
   * Bytes of a part. What is less than one stays on this device until its file ends. Default 5 MiB, which is the least that S3
   * takes. Files of more than 5,000 parts go on with larger ones, so that they never have more than 10,000.
   */
  partBytes?: number;
  /** Parts that are sent at once; each has its bytes in memory meanwhile. Default 3. */
  lanes?: number;
  /** Seconds without any progress after `stop()` until the storage is given up. Default 30. */
  giveUpAfter?: number;
}

const NAMES = ['endpoint', 'headers', 'partBytes', 'lanes', 'giveUpAfter'];

/**
 * Uploads to any store that speaks S3 (Amazon S3, Ceph, MinIO, Cloudflare R2, …) while recording: straight from the browser, over
 * addresses that the handler of `steadyreel/server` signs. No byte of a file passes through the handler, and no key of the store
 * is in the page.
 *
 * @throws OptionUnknownError (`option-unknown`), OptionInvalidError (`option-invalid`).
 */
export const s3 = (options: S3Options): Storage => {
  checkNames(options, NAMES);
  const headers = requestHeaders(options?.headers, 's3.headers');
  const lanes = { from: 1, to: 16, unit: 'parts', fallback: 3 };
  const partBytes = { from: SMALLEST_PART, to: 1024 ** 3, unit: 'bytes', fallback: SMALLEST_PART };
  const giveUpAfter = { from: 0, to: 86_400, unit: 'seconds', fallback: 30 };
  const config: S3Config = {
    kind: 's3',
    endpoint: endpointOption(options?.endpoint, 's3.endpoint'),
    headers: headers.fixed,
    partBytes: Math.round(numberOption(options.partBytes, 's3.partBytes', partBytes)),
    lanes: Math.round(numberOption(options.lanes, 's3.lanes', lanes)),
    giveUpAfter: numberOption(options.giveUpAfter, 's3.giveUpAfter', giveUpAfter),
  };
  return new LoadedStorage(config, headers);
};
