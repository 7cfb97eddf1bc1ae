/** Finds what has happened to a recording and was not told yet, and writes it down to be sent. No Node modules. */
import type { RecordedFile, Recording } from '../../manifest.ts';
import { inBatches } from '../listing.ts';
import {
  dataOf,
  eventId,
  isTold,
  laneOf,
  type Occurrence,
  occurrencesIn,
  type RecordingPath,
  withTold,
} from './events.ts';
import type { Entry, Outbox } from './outbox.ts';
import type { Receiver } from './receiver.ts';

/** What the storage has. */
export interface RecordingView {
  /** `undefined` when there is none. Rejects when that can't be told. */
  manifest(path: RecordingPath): Promise<Recording | undefined>;
  /** True when all of a file is stored. */
  isStored(path: RecordingPath, file: RecordedFile): Promise<boolean>;
}

/** What is needed to find it, and to write it down. */
export interface NewsContext {
  receivers: readonly Receiver[];
  outbox: Outbox;
  recordings: RecordingView;
}

/** Files that are looked for at once. */
const BATCH = 16;

const makeEntry = async (
  path: RecordingPath,
  manifest: Recording,
  occurrence: Occurrence,
): Promise<Entry> => {
  const { type } = occurrence;
  const id = await eventId(path, occurrence);
  const head = JSON.stringify({ id, type, timestamp: new Date().toISOString() });
  // Data comes as text: it may nest too deep to be written twice.
  const body = `${head.slice(0, -1)},"data":${dataOf(path, manifest, occurrence)}}`;
  return { id, type, recordingId: path.recordingId, body };
};

/**
 * Resolves to true when there is something new to send. May be repeated at any time, by whomever: what was written down but not
 * yet noted as told is written down again, as the same event.
 *
 * What is looked at is what is stored, so it does not matter which request is handled by which server: a manifest that comes before its file is whole
 * tells of the file when it is, and a file that comes first is told of when the manifest has it.
 */
export const writeNews = async (
  { receivers, outbox, recordings }: NewsContext,
  path: RecordingPath,
): Promise<boolean> => {
  const manifest = await recordings.manifest(path);
  if (manifest === undefined) return false;
  const lane = await laneOf(path);
  const told = await outbox.told(lane);
  const fresh = occurrencesIn(manifest).filter(occurrence => !isTold(told, occurrence));
  const stored = await inBatches(fresh, BATCH, async ({ file }) => !file || recordings.isStored(path, file));
  const news = fresh.filter((_, index) => stored[index]);
  for (const occurrence of news) {
    const interested = receivers.filter(({ wants }) => wants(occurrence.type));
    if (interested.length === 0) continue;
    const entry = await makeEntry(path, manifest, occurrence);
    for (const { name } of interested) await outbox.add(name, `${lane}.${occurrence.name}.json`, entry);
  }
  // Last: a crash before this tells the same again, one before the events are written down would tell nothing.
  if (news.length > 0) await outbox.putTold(lane, withTold(told, news));
  return news.length > 0;
};
