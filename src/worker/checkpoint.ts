/** What the journal's tail says of a recording: enough to finish it when nobody is left who could. Pure. */
import type { JournalRecord } from '../journal/records.ts';
import type { ManifestEvent, RecordedFile } from '../manifest.ts';
import type { AudioCodecFamily, AudioSource, UploadHandle, VideoPacket } from '../media.ts';
import type { StoredConfig } from '../stored-config.ts';
import type { FileSetup, OpenFileState } from './open-file.ts';

/** All that is known when a generation of the tail begins. */
export interface Checkpoint {
  kind: 'checkpoint';
  /** Files that are being written. */
  files: OpenFileState[];
  /** Number of records that follow with packets of these files: counted in them, but in no movie fragment yet. */
  packets: number;
  /** Files that are finished, but for those in the manifest on this device. */
  sealed: RecordedFile[];
  /** Events from this number on; those before are in the manifest on this device. */
  events: { from: number; list: ManifestEvent[] };
  /** Uploads that are not finished, by the keys of their files. */
  uploads: Record<string, UploadHandle>;
}

/** What happened since, in order. */
export type LogRecord =
  | Checkpoint
  | { kind: 'begun'; setup: FileSetup }
  | VideoRecord
  | AudioRecord
  /** A track of a file has all that it will get. */
  | { kind: 'ended'; file: number; track: 'video' | 'audio' }
  /** Where a file ends; microseconds on the timeline. */
  | { kind: 'end'; file: number; time: number }
  | { kind: 'sealed'; file: RecordedFile }
  | { kind: 'event'; number: number; event: ManifestEvent }
  | { kind: 'upload'; key: string; upload: UploadHandle };

export interface VideoRecord {
  kind: 'video';
  /** Number of the file. */
  file: number;
  time: number;
  type: VideoPacket['type'];
  /** With the first packet of a file. */
  config?: StoredConfig<VideoDecoderConfig>;
}

export interface AudioRecord {
  kind: 'audio';
  file: number;
  time: number;
  duration: number;
  /** With the first packet of a file. */
  info?: { family: AudioCodecFamily; source: AudioSource; config: StoredConfig<AudioDecoderConfig> };
}

/** A packet as a record. */
export const recordOf = (record: VideoRecord | AudioRecord, data: Uint8Array): JournalRecord => ({
  json: record,
  data,
});
