/**
 * What passes between the page and the worker. Every message is plain data; streams are transferred, so that
 * each frame and each piece of audio is born, used and closed in the worker alone.
 */

import type { RingRequest, RingState } from '../clip/protocol.ts';
import type { EncodedInput } from '../encoded.ts';
import type { ErrorMessage } from '../errors.ts';
import type { RecorderStats, Told, WarningCode } from '../events.ts';
import type { Recording } from '../manifest.ts';
import type { ResolvedOptions } from '../options.ts';
import type { OverlaySetup } from '../overlay.ts';
import type { AudioInput, VideoInput } from '../source/capture.ts';
import type { PageCall, StorageConfig } from '../storage/storage.ts';

/** All that a session needs. */
export interface SessionSetup {
  recordingId: string;
  /** RFC 3339, UTC. */
  startedAt: string;
  options: ResolvedOptions;
  storage: StorageConfig;
  video: VideoInput | undefined;
  audio: AudioInput | undefined;
  aacEncoderUrl: string;
  /** Address of the code that few recordings need, which the worker loads only when one does. */
  extrasUrl: string;
  /** Absent: none can be drawn. */
  overlays?: OverlaySetup | undefined;
  /** Address of the code for thumbnails; absent where none are wanted. */
  thumbnailsUrl?: string | undefined;
  /** What is to be recorded as it was encoded by a call; the tracks above are then absent. */
  call?: CallSetup | undefined;
  /** What it is made of, where the stream's packets are kept in a ring; the tracks above are then absent. */
  ring?: RingInput | undefined;
  /** Default: `composited` once there are overlays, else `original`. */
  kind?: Recording['kind'] | undefined;
  /** To the session that this one begins after: see `Turn`. */
  after?: MessagePort | undefined;
  /** True when the storage has taken recordings of this page: its answer is not waited for at the start. */
  storageKnown?: boolean;
  linked?: Recording['linked'] | undefined;
  /** Why that could not be had, when the decoded tracks are recorded in its place. */
  fallback?: string | undefined;
}

/** What a recording is made of, where the stream's packets are kept in a ring. */
export interface RingInput {
  port: MessagePort;
  /** Address of the code for it, which the worker loads only when it needs it. */
  url: string;
  /** The recording begins with the picture that was asked for, not with the key frame before it. */
  exact: boolean;
  method: Recording['method'];
  /** Frames per second that the source says it has. */
  frameRate: number | undefined;
}

/** All that a ring needs. */
export interface RingSetup extends Omit<SessionSetup, 'recordingId' | 'startedAt' | 'storage' | 'ring'> {
  id: string;
  /** Seconds that are kept. */
  seconds: number;
  url: string;
}

/** Tracks of a call, by passthrough. */
export interface CallSetup {
  video: EncodedInput | undefined;
  audio: EncodedInput | undefined;
  /** Address of the code for it, which the worker loads only when it needs it. */
  url: string;
}

/** Other tracks of a call. */
export interface CallReplacement {
  video: EncodedInput | 'same' | undefined;
  audio: EncodedInput | 'same' | undefined;
}

/** Other tracks for a session that runs; `'same'`: that kind goes on as it is. */
export interface Replacement {
  video: VideoInput | 'same' | undefined;
  audio: AudioInput | 'same' | undefined;
}

/** Finishing what a crash has left behind. */
export interface RecoverySetup {
  storage: StorageConfig;
  /** Addresses of code that the worker loads: for the storage, where it needs that, and for recovery. */
  extrasUrl: string;
  recoveryUrl: string;
  /** Also recordings that were on their way to another storage. */
  fromAnyStorage: boolean;
}

export type ToWorker =
  | { type: 'start'; setup: SessionSetup }
  /** A recording may begin here later, when the network is gone: what it could need is loaded now. */
  | { type: 'prepare'; extrasUrl: string }
  | { type: 'recover'; setup: RecoverySetup }
  | { type: 'ring'; setup: RingSetup }
  /** A recording is made of the ring; it hears over the port. */
  | { type: 'read'; id: number; request: RingRequest; exact: boolean; port: MessagePort }
  /** It is not made after all. */
  | { type: 'forget'; id: number }
  /** What the page was asked for. */
  | ({ type: 'answer'; id: number } & Answer)
  | { type: 'replace'; replacement: Replacement }
  | { type: 'replace-call'; replacement: CallReplacement }
  | { type: 'pause' }
  | { type: 'resume' }
  /** Another recording, at the other end of the port, takes over. */
  | { type: 'hand-over'; port: MessagePort }
  /** `inTime`: unless it has asked the one before to end. It says `ended` if it does. */
  | { type: 'stop'; inTime?: boolean }
  | { type: 'abort' };

/** `error`: what the page's function threw, in words. */
export type Answer = { value: unknown } | { error: string };

export type FromWorker =
  /** Only the page can do this; it is to answer by the same number. */
  | { type: 'ask'; id: number; call: PageCall }
  /** A recording is being recovered; bytes of its files that the storage has, of those there are. */
  | { type: 'recovering'; recordingId: string; storedBytes: number; recordedBytes: number }
  /** The last message of a recovery. */
  | { type: 'recovered'; recordings: Recording[]; failures: { recordingId: string; error: ErrorMessage }[] }
  /** The first file is being written, and the storage has not refused. */
  | { type: 'started' }
  /** Where a recording of the ring begins; RFC 3339, UTC. */
  | { type: 'located'; id: number; startedAt: string }
  /** What the ring holds. */
  | { type: 'ring'; state: RingState }
  /** Other tracks are being read. */
  | { type: 'replaced' }
  /** All tracks have ended; the source may come back. */
  | { type: 'waiting' }
  /** The source has come back. */
  | { type: 'resumed' }
  /** All tracks have ended, another recording has taken over, or something failed: the session stops by itself. */
  | { type: 'ended' }
  /** `recordingId`: of another recording than the one that was begun. */
  | ({ type: 'file'; recordingId?: string } & Told<'file'>)
  | { type: 'recording'; recording: Recording }
  /** The manifest of the one beside it. */
  | { type: 'linked'; recording: Recording }
  | { type: 'progress'; stats: RecorderStats; backlog: { bytes: number; seconds: number } }
  | { type: 'warning'; recordingId?: string; code: WarningCode; message: string; count: number }
  /** Something failed for good; the session may still be finishing what it has. */
  | { type: 'error'; error: ErrorMessage }
  /** The last message but for `progress`: everything is durable. */
  | { type: 'done'; recording: Recording }
  /** The last message: what could be kept is kept. */
  | { type: 'failed'; error: ErrorMessage; recording: Recording | undefined }
  /** The last message: nothing is left of it, as the page has asked for, or as it was too short. */
  | { type: 'aborted'; tooShort?: boolean };

/** What the rooms of a session report to it. None of these throw. */
export interface Reporter {
  warn(code: WarningCode, message: string, count?: number): void;
  /** Ends the recording: nothing more can be written. */
  fail(error: unknown): void;
}
