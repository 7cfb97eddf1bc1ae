/** What receivers are told of, and which events follow from a manifest. Pure. No Node modules. */
import { fileNameOf, manifestKey, type RecordedFile, type Recording } from '../../manifest.ts';

/**
 * What happened. `recording.started`: there is a first manifest. `recording.file`: a file is whole in storage, and the
 * manifest has its facts. `recording.completed`, `recording.failed`, `recording.recovered`: the manifest's `state` says
 * so. `clip.completed`: a clip is in storage.
 */
export type WebhookEventType =
  | 'recording.started'
  | 'recording.file'
  | 'recording.completed'
  | 'recording.failed'
  | 'recording.recovered'
  | 'clip.completed';

/** All of them. */
export const WEBHOOK_EVENTS: readonly WebhookEventType[] = [
  'recording.started',
  'recording.file',
  'recording.completed',
  'recording.failed',
  'recording.recovered',
  'clip.completed',
];

/** A recording as events carry it: the manifest without its files and events. */
export interface WebhookRecording
  extends Pick<Recording, 'id' | 'state'>,
    Partial<Omit<Recording, 'id' | 'state' | 'files' | 'events'>> {
  /** Number of files in the manifest. */
  fileCount: number;
  /** Bytes of all of them. */
  bytes: number;
}

/** What an event is about. It is what the recording's page wrote into the manifest: escape it where it is shown. */
export interface WebhookData {
  recordingId: string;
  /** What `authorize` gave: the folder below `dir` or in the bucket that has the recording; empty when it gave none. */
  prefix: string;
  /** `recordings/<id>/manifest.json`, below the prefix. */
  manifestKey: string;
  recording: WebhookRecording;
  /** Of `recording.file`: the file's entry in the manifest. */
  file?: RecordedFile;
  /** Of events that end a recording or clip: the manifest's files. */
  files?: RecordedFile[];
  /** What was left out, because the event would have been larger than 64 KiB: read the manifest. */
  omitted?: string[];
}

/** The body of a webhook's request, and what `onEvent` is called with. */
export interface WebhookEvent {
  /** The same whenever this event is told: receivers tell repeats by it. Also sent as `webhook-id`. */
  id: string;
  type: WebhookEventType;
  /** When the server noticed it; RFC 3339, UTC. */
  timestamp: string;
  data: WebhookData;
}

/** A recording, and whose it is. */
export interface RecordingPath {
  /** Segments of the prefix that `authorize` gave. */
  prefix: readonly string[];
  recordingId: string;
}

/** Something in a manifest that receivers are told of, once. */
export interface Occurrence {
  type: WebhookEventType;
  /** Tells it from the others of its recording, and sorts them in the order in which they are told. */
  name: string;
  file?: RecordedFile;
}

const endOf = ({ kind, state }: Recording): Occurrence[] => {
  if (state === 'recording') return [];
  if (state === 'failed') return [{ type: 'recording.failed', name: '2-failed' }];
  // A clip that was finished after a crash is a clip that is there.
  if (kind === 'clip') return [{ type: 'clip.completed', name: '3-completed' }];
  return state === 'complete'
    ? [{ type: 'recording.completed', name: '3-completed' }]
    : [{ type: 'recording.recovered', name: '3-recovered' }];
};

/** The file's number, from its key: an `index` in a manifest may be any number. */
const numberOf = (key: string): number => Number.parseInt(fileNameOf(key), 10);

const fileOccurrence = (file: RecordedFile): Occurrence => ({
  type: 'recording.file',
  name: `1-file-${String(numberOf(file.key)).padStart(6, '0')}`,
  file,
});

/** All that a manifest tells, in order. Files are in it once their SHA-256 is known, wherever their bytes are. */
export const occurrencesIn = (manifest: Recording): Occurrence[] => {
  if (manifest.kind === 'clip') return endOf(manifest);
  const files = manifest.files.filter(file => typeof file.sha256 === 'string').map(fileOccurrence);
  const unique = new Map(files.map(occurrence => [occurrence.name, occurrence]));
  const sorted = [...unique.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return [{ type: 'recording.started', name: '0-started' }, ...sorted, ...endOf(manifest)];
};

/** What has been told of a recording. Files are numbers, for a recording may have thousands. */
export interface Told {
  names: readonly string[];
  /** All files from 1 to this one. */
  filesUpTo: number;
  /** Files after a gap. */
  filesBeyond: readonly number[];
}

/** Of a recording of which nothing was told. */
export const NOTHING_TOLD: Told = { names: [], filesUpTo: 0, filesBeyond: [] };

/** True when it was told before. */
export const isTold = (told: Told, { name, file }: Occurrence): boolean => {
  if (file === undefined) return told.names.includes(name);
  const number = numberOf(file.key);
  return (number > 0 && number <= told.filesUpTo) || told.filesBeyond.includes(number);
};

/** What has been told, with these. */
export const withTold = (told: Told, occurrences: readonly Occurrence[]): Told => {
  const names = new Set(told.names);
  const beyond = new Set(told.filesBeyond);
  for (const { name, file } of occurrences) {
    if (file === undefined) names.add(name);
    else beyond.add(numberOf(file.key));
  }
  let filesUpTo = told.filesUpTo;
  while (beyond.delete(filesUpTo + 1)) filesUpTo++;
  return { names: [...names], filesUpTo, filesBeyond: [...beyond] };
};

/** Bytes that an event's data may have. Receivers are not to be flooded (Standard Webhooks, "Payload size"). */
const MAX_DATA_BYTES = 64 * 1024;

const summary = (manifest: Recording): WebhookRecording => {
  const { version, id, state, kind, method, startedAt, endedAt, duration, metadata, error, files } = manifest;
  return {
    ...{ version, id, state, kind, startedAt, duration, metadata },
    ...(method === undefined ? {} : { method }),
    ...(endedAt === undefined ? {} : { endedAt }),
    ...(error === undefined ? {} : { error }),
    fileCount: files.length,
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
  };
};

/** From all that could be told to the least; the later ones are for manifests that are very large. */
const candidates = (path: RecordingPath, manifest: Recording, { file, name }: Occurrence): WebhookData[] => {
  const { recordingId } = path;
  const common = { recordingId, prefix: path.prefix.join('/'), manifestKey: manifestKey(recordingId) };
  const recording = summary(manifest);
  const { metadata: _, ...withoutMetadata } = recording;
  const { id, state, fileCount, bytes } = recording;
  const single = file === undefined ? {} : { file };
  const files = name.startsWith('2') || name.startsWith('3') ? ['files'] : [];
  return [
    { ...common, recording, ...single, ...(files.length > 0 ? { files: manifest.files } : {}) },
    { ...common, recording, ...single, omitted: files },
    { ...common, recording: withoutMetadata, ...single, omitted: [...files, 'metadata'] },
    { ...common, recording: { id, state, fileCount, bytes }, omitted: ['file', 'files', 'recording'] },
  ];
};

/** The JSON, or `undefined` when it is too large, or nests too deep to be written. */
const inLimits = (data: WebhookData): string | undefined => {
  try {
    const text = JSON.stringify(data);
    return new TextEncoder().encode(text).byteLength <= MAX_DATA_BYTES ? text : undefined;
  } catch {
    return undefined;
  }
};

/** The JSON of an event's data. */
export const dataOf = (path: RecordingPath, manifest: Recording, occurrence: Occurrence): string => {
  for (const candidate of candidates(path, manifest, occurrence)) {
    const text = inLimits(candidate);
    if (text !== undefined) return text;
  }
  const { recordingId } = path;
  return JSON.stringify({
    recordingId,
    prefix: path.prefix.join('/'),
    manifestKey: manifestKey(recordingId),
  });
};

const hex = (bytes: ArrayBuffer): string =>
  [...new Uint8Array(bytes)].map(byte => byte.toString(16).padStart(2, '0')).join('');

/** Half a SHA-256, in hex. */
export const hashOf = async (text: string): Promise<string> =>
  hex(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))).slice(0, 32);

/**
 * The event's id: of the recording and of what happened to it, and of nothing else, so that whoever finds it, however
 * often, gives it the same one.
 */
export const eventId = async ({ prefix, recordingId }: RecordingPath, { type, name }: Occurrence) =>
  `evt_${await hashOf(`${[...prefix, recordingId].join('/')} ${type} ${name}`)}`;

/** A name for the recording that no other one has, and that can be a file's. */
export const laneOf = async ({ prefix, recordingId }: RecordingPath): Promise<string> =>
  prefix.length === 0 ? recordingId : `${recordingId}~${(await hashOf(prefix.join('/'))).slice(0, 16)}`;
