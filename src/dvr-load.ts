/** Loads what keeps a ring, where a recorder is to keep one. In the page. */
import type { Dvr, DvrHost } from './dvr.ts';
import { errorFromMessage } from './error-from-message.ts';
import { asSteadyreelError, SourceEndedError, WorkerFailedError } from './errors.ts';
import { addressOf, letGo, startWorker } from './hand-over.ts';
import { load } from './load.ts';
import type { Openable } from './recorder-source.ts';

/** What the code for rings is handed, which is a bundle of its own: there must be one only of each of these. */
const PAGE = {
  ...{ startWorker, letGo, errorFromMessage, asSteadyreelError },
  ...{ SourceEndedError, WorkerFailedError },
};

/** The page, as the code for rings sees it. */
export type DvrPage = typeof PAGE;

/** What `clip.js`, loaded on demand, exports for the page. */
interface ClipModule {
  openDvr(source: Openable, host: DvrHost, page: DvrPage): Dvr;
}

/** @throws WorkerFailedError (`worker-failed`). */
export const loadDvr = async (
  source: Openable,
  host: Omit<DvrHost, 'url' | 'aacEncoderUrl' | 'extrasUrl'>,
): Promise<Dvr> => {
  const { workerUrl } = host;
  const url = addressOf('clip.js', workerUrl);
  const { openDvr } = await load<ClipModule>(url);
  const aacEncoderUrl = addressOf('aac-encoder.js', workerUrl);
  const extrasUrl = addressOf('extras.js', workerUrl);
  return openDvr(source, { ...host, url, aacEncoderUrl, extrasUrl }, PAGE);
};

/** What is made of a ring that may still have to be loaded. */
export const fromDvr = (dvr: Promise<Dvr>, read: Parameters<Dvr['read']>[0]): Openable => ({
  check: () => undefined,
  open: async signal => (await dvr).read(read).open(signal),
  decoded: async () => (await dvr).read(read).decoded(),
});
