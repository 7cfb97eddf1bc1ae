/**
 * Every error that steadyreel throws or reports. One small class per cause, each with a stable `code`;
 * the message says what was expected, what came, and what to do.
 */

import type { Recording } from './manifest.ts';
import { show } from './show.ts';

/** Also of those that code of another file throws, which has classes of its own. */
export const NAME = 'SteadyreelError';

/** The base of all of them. `code` is stable; messages may change. */
export abstract class SteadyreelError extends Error {
  /** Stable, kebab-case name of the cause. */
  abstract readonly code: string;
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = NAME;
  }
}

/** `option-unknown`: an option's name is not known. Carries the name and the known ones. */
export class OptionUnknownError extends SteadyreelError {
  readonly code = 'option-unknown';
  constructor(
    readonly option: string,
    readonly known: readonly string[],
  ) {
    super(`Unknown option "${option}". Known here: ${known.join(', ')}. Check the spelling or remove it.`);
  }
}

/** `option-invalid`: an option has a value that can't be used. */
export class OptionInvalidError extends SteadyreelError {
  readonly code = 'option-invalid';
  constructor(
    readonly option: string,
    readonly expected: string,
    readonly value: unknown,
  ) {
    super(`Option "${option}": expected ${expected}, got ${show(value)}.`);
  }
}

/** `source-invalid`: the source is nothing that can be recorded, or not what the recording that runs can go on with. */
export class SourceInvalidError extends SteadyreelError {
  readonly code = 'source-invalid';
  constructor(value: unknown, expected: 'any' | 'call' = 'any') {
    const kinds = {
      any: 'a MediaStream (as from getUserMedia()), an RTCPeerConnection, or a list of its receivers or senders',
      call: 'a call, as the recording that runs is of one',
    };
    super(`The source must be ${kinds[expected]}; got ${show(value)}.`);
  }
}

/** `source-no-tracks`: the stream has no tracks at all. */
export class SourceNoTracksError extends SteadyreelError {
  readonly code = 'source-no-tracks';
  constructor() {
    super('The MediaStream has no tracks. Add a live video or audio track before start().');
  }
}

/** `source-ended`: the stream has tracks, but none of them is live. */
export class SourceEndedError extends SteadyreelError {
  readonly code = 'source-ended';
  constructor(readonly tracks: number) {
    super(
      `All ${tracks} track(s) of the MediaStream have ended. Capture the source again, for a new Recorder.`,
    );
  }
}

/** `browser-unsupported`: the browser lacks something that recording needs. */
export class BrowserUnsupportedError extends SteadyreelError {
  readonly code = 'browser-unsupported';
  constructor(readonly missing: readonly string[]) {
    super(
      `This browser lacks ${missing.join(', ')}. Use a current Chromium-based browser, on https:// or localhost.`,
    );
  }
}

/** `transform-taken`: another transform has the encoded frames of a call's receiver or sender, such as end-to-end encryption. */
export class TransformTakenError extends SteadyreelError {
  readonly code = 'transform-taken';
  constructor(readonly side: 'receiver' | 'sender') {
    super(
      `The ${side} has a transform already, as with end-to-end encryption: hand its frames over from there, by FrameFeed and feedFrames().`,
    );
  }
}

/** `passthrough-unavailable`: the encoded frames of a call can't be had, or can't be recorded as they are. */
export class PassthroughUnavailableError extends SteadyreelError {
  readonly code = 'passthrough-unavailable';
  constructor(
    /** `too-late`: its receivers and senders were not tapped in time. `codec`: MP4 can't hold what they give. */
    readonly reason: 'too-late' | 'codec',
    detail: string,
  ) {
    super(`The call can't be recorded as it was encoded: ${detail}. Or pass fallback: 'encode'.`);
  }
}

/** `codec-unsupported`: no encoder of this browser can do what was asked for. */
export class CodecUnsupportedError extends SteadyreelError {
  readonly code = 'codec-unsupported';
  constructor(
    readonly kind: 'video' | 'audio',
    readonly codec: string,
    detail: string,
  ) {
    super(
      `This browser cannot encode ${kind} codec "${codec}" (${detail}). Use codec: 'auto' to let it choose.`,
    );
  }
}

/** `encoder-failed`: an encoder gave an error while it was running and none could replace it. */
export class EncoderFailedError extends SteadyreelError {
  readonly code = 'encoder-failed';
  constructor(
    readonly kind: 'video' | 'audio',
    cause: unknown,
  ) {
    super(`The ${kind} encoder failed: ${cause instanceof Error ? cause.message : String(cause)}.`, {
      cause,
    });
  }
}

/** `mux-failed`: a file could not be written on. A fault of ours: please report it. */
export class MuxFailedError extends SteadyreelError {
  readonly code = 'mux-failed';
  constructor(
    readonly key: string,
    cause: unknown,
  ) {
    super(`Writing ${key} failed: ${cause instanceof Error ? cause.message : String(cause)}.`, { cause });
  }
}

/** `worker-failed`: the worker could not be started or died. */
export class WorkerFailedError extends SteadyreelError {
  readonly code = 'worker-failed';
  constructor(detail: string, cause?: unknown) {
    super(
      `The recording worker failed: ${detail}. If a content security policy forbids blob workers, pass workerUrl, the address of dist/worker.js.`,
      { cause },
    );
  }
}

/** `overlay-failed`: an overlay can't be shown, and is left out; it comes with a warning. */
export class OverlayFailedError extends SteadyreelError {
  readonly code = 'overlay-failed';
  constructor(
    /** The overlay's id. */
    readonly overlay: string,
    detail: string,
    cause?: unknown,
  ) {
    super(`Overlay "${overlay}" is left out: ${detail}.`, { cause });
  }
}

/** `state-invalid`: the call is not possible in the recorder's state. */
export class StateInvalidError extends SteadyreelError {
  readonly code = 'state-invalid';
  constructor(
    readonly call: string,
    readonly state: string,
    advice: string,
  ) {
    super(`${call} is not possible while the recorder is "${state}". ${advice}`);
  }
}

/** `recording-empty`: the recording ended before a single frame or sample came. */
export class RecordingEmptyError extends SteadyreelError {
  readonly code = 'recording-empty';
  constructor() {
    super('No frame and no sound came: there is no file. Check that the tracks are not muted.');
  }
}

/** `recording-too-short`: the recording ended before it was as long as `minDuration` asks for, and was thrown away. */
export class RecordingTooShortError extends SteadyreelError {
  readonly code = 'recording-too-short';
  constructor(readonly minDuration: number) {
    super(`The recording was shorter than ${minDuration} s and was thrown away, as minDuration asks for.`);
  }
}

/** `recording-aborted`: what `start()` or `stop()` was waiting for was thrown away by `abort()`. */
export class RecordingAbortedError extends SteadyreelError {
  readonly code = 'recording-aborted';
  constructor() {
    super('The recording was thrown away by abort().');
  }
}

/** What all storage errors share. */
export abstract class StorageError extends SteadyreelError {
  constructor(
    message: string,
    /** HTTP status that the storage answered with, where there was an answer. */
    readonly status?: number,
    cause?: unknown,
  ) {
    super(message, { cause });
  }
}

/**
 * `storage-unreachable`: the storage could not be reached, or kept failing, for as long as was waited. What this one and the next three
 * say is in `storage/refusals.ts`: a page gets them with their words from where they are made.
 */
export class StorageUnreachableError extends StorageError {
  readonly code = 'storage-unreachable';
}

/** `storage-unauthorized`: the storage refused the credentials (401 or 403). */
export class StorageUnauthorizedError extends StorageError {
  readonly code = 'storage-unauthorized';
}

/** `storage-full`: the storage has no room left, or the file is over its size limit (413, 507). */
export class StorageFullError extends StorageError {
  readonly code = 'storage-full';
}

/** `storage-rejected`: the storage refused a request for another reason. */
export class StorageRejectedError extends StorageError {
  readonly code = 'storage-rejected';
}

/** `storage-not-found`: there is nothing under the key. */
export class StorageNotFoundError extends StorageError {
  readonly code = 'storage-not-found';
  constructor(readonly key: string) {
    super(`There is nothing in storage under "${key}".`, 404);
  }
}

/** `storage-callback-failed`: a function that the page gave to the storage threw; it is called again later. */
export class StorageCallbackError extends StorageError {
  readonly code = 'storage-callback-failed';
  constructor(
    readonly callback: string,
    detail: string,
  ) {
    super(
      `The storage's function "${callback}" failed: ${detail}. Let it resolve, or reject only while it can't.`,
    );
  }
}

/** `device-storage-full`: this device has no room left for the recording. */
export class DeviceStorageFullError extends StorageError {
  readonly code = 'device-storage-full';
  constructor(left: number) {
    super(
      `This device has no room left for the recording (${Math.max(0, Math.round(left / 1024 ** 2))} MiB). It was ended, and is kept: free space, then recover() stores it.`,
    );
  }
}

/** `recording-elsewhere`: another storage has a part of the recording that this device has not any more. */
export class RecordingElsewhereError extends StorageError {
  readonly code = 'recording-elsewhere';
  constructor(
    readonly key: string,
    /** The one that has it: its kind, and its address or name. */
    readonly storage: string,
  ) {
    super(
      `The beginning of ${key} is in the storage that it was on its way to (${storage}), and no longer on this device. Call recover() with that storage.`,
    );
  }
}

/** `recovery-incomplete`: some recordings that a crash had left behind could not be finished; they stay on this device. */
export class RecoveryIncompleteError extends SteadyreelError {
  readonly code = 'recovery-incomplete';
  constructor(
    /** What was finished. */
    readonly recovered: readonly Recording[],
    /** What was not, and why. */
    readonly failures: readonly { recordingId: string; error: SteadyreelError }[],
  ) {
    const [first] = failures;
    super(
      `${failures.length} recording(s) could not be recovered, ${recovered.length} could. They stay on this device; call recover() again. First cause: ${first?.error.message ?? 'none.'}`,
      { cause: first?.error },
    );
  }
}

/** `device-storage-failed`: this device's private file system could not be read or written. */
export class DeviceStorageError extends StorageError {
  readonly code = 'device-storage-failed';
  constructor(detail: string, cause?: unknown) {
    super(
      `This device's private file system failed: ${detail}. Private windows and full disks are usual causes.`,
      undefined,
      cause,
    );
  }
}

/** `manifest-invalid`: a JSON value is not a manifest. */
export class ManifestInvalidError extends SteadyreelError {
  readonly code = 'manifest-invalid';
  constructor(
    readonly expected: string,
    readonly value: unknown,
  ) {
    super(`Not a recording manifest: expected ${expected}, got ${show(value)}.`);
  }
}

/** `internal`: a fault of ours. Please report it with its stack. */
export class InternalError extends SteadyreelError {
  readonly code = 'internal';
  constructor(cause: unknown) {
    super(`Internal fault: ${cause instanceof Error ? cause.message : String(cause)}.`, { cause });
  }
}

/** An error's essence, as it crosses from the worker to the page. */
export interface ErrorMessage {
  code: string;
  message: string;
  /** Extra fields of the error's class, such as `status`. */
  fields: Record<string, unknown>;
  stack?: string;
}

/** By the name: code that is loaded on demand brings classes of its own. */
const isSteadyreelError = (thrown: unknown): thrown is SteadyreelError =>
  thrown instanceof Error && thrown.name === NAME;

/** Wraps whatever was thrown so that everything that leaves the SDK has a code. */
export const asSteadyreelError = (thrown: unknown): SteadyreelError =>
  isSteadyreelError(thrown) ? thrown : new InternalError(thrown);

/** For the way from the worker to the page: structured clone keeps neither class nor own fields of errors. */
export const errorToMessage = (thrown: unknown): ErrorMessage => {
  const error = asSteadyreelError(thrown);
  const fields: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(error)) {
    if (key === 'name' || key === 'code' || key === 'cause') continue;
    if (['string', 'number', 'boolean'].includes(typeof value) || Array.isArray(value)) fields[key] = value;
  }
  const stack = error.stack === undefined ? {} : { stack: error.stack };
  return { code: error.code, message: error.message, fields, ...stack };
};
