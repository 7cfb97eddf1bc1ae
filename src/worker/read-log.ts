/** What a journal's tail says, put together: where a recording stood, and what has happened since. Pure. */
import type { JournalRecord } from '../journal/records.ts';
import type { ManifestEvent, RecordedFile, Recording } from '../manifest.ts';
import type { UploadHandle } from '../media.ts';
import type { AudioRecord, Checkpoint, LogRecord, VideoRecord } from './checkpoint.ts';

/** One generation of the tail. */
export interface ReadLog {
  checkpoint: Checkpoint;
  /** Packets that the checkpoint has counted, and that are in no movie fragment. */
  counted: { record: VideoRecord | AudioRecord; data: Uint8Array }[];
  /** What happened afterwards, in order. */
  later: { record: LogRecord; data: Uint8Array }[];
}

const NOTHING_YET: Checkpoint = {
  kind: 'checkpoint',
  files: [],
  packets: 0,
  sealed: [],
  events: { from: 0, list: [] },
  uploads: {},
};

/** Of a recording that has said nothing. */
export const NOTHING_READ: ReadLog = { checkpoint: NOTHING_YET, counted: [], later: [] };

/**
 * @param records of one generation; the first one of a recording has no checkpoint yet.
 * @returns `undefined` when the generation was cut off before all was said that it begins with.
 */
export const readLog = (records: readonly JournalRecord[]): ReadLog | undefined => {
  const all = records.map(({ json, data }) => ({
    record: json as LogRecord,
    data: data ?? new Uint8Array(),
  }));
  const first = all[0]?.record;
  if (first?.kind !== 'checkpoint') return { ...NOTHING_READ, later: all };
  const end = 1 + first.packets;
  const counted = all.slice(1, end) as ReadLog['counted'];
  if (counted.length < first.packets) return undefined;
  return { checkpoint: first, counted, later: all.slice(end) };
};

/** What is known of a recording besides the files that were being written. */
export interface Known {
  /** Files that are finished, in order. */
  sealed: RecordedFile[];
  events: ManifestEvent[];
  uploads: Record<string, UploadHandle>;
}

/** @param manifest the last on this device; the log has what is not in it. */
export const knownOf = ({ checkpoint, later }: ReadLog, manifest: Recording | undefined): Known => {
  const sealed = new Map<number, RecordedFile>();
  const finished = (manifest?.files ?? []).filter(file => file.sha256 !== undefined);
  for (const file of [...finished, ...checkpoint.sealed]) sealed.set(file.index, file);
  const events = [...(manifest?.events ?? [])];
  const note = (number: number, event: ManifestEvent): void => {
    events[number] = event;
  };
  for (const [i, event] of checkpoint.events.list.entries()) note(checkpoint.events.from + i, event);
  const uploads = { ...checkpoint.uploads };
  for (const { record } of later) {
    if (record.kind === 'sealed') sealed.set(record.file.index, record.file);
    if (record.kind === 'event') note(record.number, record.event);
    if (record.kind === 'upload') uploads[record.key] = record.upload;
  }
  return {
    sealed: [...sealed.values()].sort((a, b) => a.index - b.index),
    // A number that was never written down leaves a hole.
    events: events.filter(event => event !== undefined),
    uploads,
  };
};
