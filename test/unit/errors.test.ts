import { describe, expect, it } from 'vitest';
import { errorFromMessage } from '../../src/error-from-message.ts';
import * as errors from '../../src/errors.ts';
import {
  asSteadyreelError,
  errorToMessage,
  InternalError,
  SteadyreelError,
  StorageError,
  StorageUnreachableError,
} from '../../src/errors.ts';
import { full, rejected, unauthorized, unreachable } from '../../src/storage/refusals.ts';

const cause = new TypeError('fetch failed');

/** One of each, with its code and the fields that it carries. */
const ALL: [error: SteadyreelError, code: string, fields: Record<string, unknown>][] = [
  [
    new errors.OptionUnknownError('vidio', ['video']),
    'option-unknown',
    { option: 'vidio', known: ['video'] },
  ],
  [
    new errors.OptionInvalidError('cut.maxFileBytes', 'a number', 'five'),
    'option-invalid',
    { option: 'cut.maxFileBytes', expected: 'a number', value: 'five' },
  ],
  [new errors.SourceInvalidError('camera'), 'source-invalid', {}],
  [new errors.SourceNoTracksError(), 'source-no-tracks', {}],
  [new errors.SourceEndedError(2), 'source-ended', { tracks: 2 }],
  [
    new errors.BrowserUnsupportedError(['VideoEncoder']),
    'browser-unsupported',
    { missing: ['VideoEncoder'] },
  ],
  [
    new errors.PassthroughUnavailableError('codec', 'it is in VP8'),
    'passthrough-unavailable',
    { reason: 'codec' },
  ],
  [new errors.TransformTakenError('sender'), 'transform-taken', { side: 'sender' }],
  [
    new errors.CodecUnsupportedError('video', 'hevc', 'not at any size'),
    'codec-unsupported',
    { kind: 'video', codec: 'hevc' },
  ],
  [new errors.EncoderFailedError('audio', cause), 'encoder-failed', { kind: 'audio' }],
  [new errors.MuxFailedError('recordings/x/0001.mp4', cause), 'mux-failed', { key: 'recordings/x/0001.mp4' }],
  [new errors.WorkerFailedError('no script', cause), 'worker-failed', {}],
  [new errors.OverlayFailedError('logo', 'it is no picture'), 'overlay-failed', { overlay: 'logo' }],
  [
    new errors.StateInvalidError('stop()', 'idle', 'Call start() first.'),
    'state-invalid',
    { call: 'stop()', state: 'idle' },
  ],
  [new errors.RecordingEmptyError(), 'recording-empty', {}],
  [new errors.RecordingAbortedError(), 'recording-aborted', {}],
  [new errors.RecordingTooShortError(5), 'recording-too-short', { minDuration: 5 }],
  [unreachable('/s', 'no answer', 503, cause), 'storage-unreachable', { status: 503 }],
  [unauthorized('/s', 401), 'storage-unauthorized', { status: 401 }],
  [full('/s', 507, 'full'), 'storage-full', { status: 507 }],
  [rejected('/s', 400, 'bad'), 'storage-rejected', { status: 400 }],
  [new errors.StorageNotFoundError('key'), 'storage-not-found', { key: 'key', status: 404 }],
  [
    new errors.StorageCallbackError('headers', 'no token'),
    'storage-callback-failed',
    { callback: 'headers' },
  ],
  [new errors.DeviceStorageError('no room', cause), 'device-storage-failed', {}],
  [new errors.DeviceStorageFullError(2 ** 20), 'device-storage-full', {}],
  [
    new errors.RecordingElsewhereError('recordings/x/0001.mp4', 'tus /s'),
    'recording-elsewhere',
    { key: 'recordings/x/0001.mp4', storage: 'tus /s' },
  ],
  [new errors.RecoveryIncompleteError([], []), 'recovery-incomplete', { recovered: [], failures: [] }],
  [new errors.ManifestInvalidError('an object', 5), 'manifest-invalid', { expected: 'an object', value: 5 }],
  [new errors.InternalError(cause), 'internal', {}],
];

const BY_CODE = ALL.map(([error, code, fields]) => [code, error, fields] as const);

/** Thrown by the page itself: they never come from a worker. */
const PAGE_ONLY = new Set([
  'option-unknown',
  'option-invalid',
  'source-invalid',
  'source-no-tracks',
  'source-ended',
  'transform-taken',
  'passthrough-unavailable',
  'overlay-failed',
  'state-invalid',
  'recording-aborted',
  'recording-too-short',
]);

/** All classes that the module exports, but for the abstract ones. */
const classes = Object.entries(errors).filter(
  ([, value]) =>
    typeof value === 'function' &&
    value.prototype instanceof SteadyreelError &&
    (value as unknown) !== StorageError,
);

describe('every error', () => {
  it('is in this test', () => {
    expect(ALL.map(([error]) => error.constructor.name).sort()).toEqual(classes.map(([name]) => name).sort());
  });

  it('has a code of its own', () => {
    expect(new Set(ALL.map(([error]) => error.code)).size).toBe(ALL.length);
  });

  it.each(BY_CODE)('%s', (code, error, fields) => {
    expect(error).toBeInstanceOf(SteadyreelError);
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe('SteadyreelError');
    expect(error).toMatchObject({ code, ...fields });
    expect(error.message).toMatch(/[.]$/);
  });

  it.each(BY_CODE.filter(([code]) => !PAGE_ONLY.has(code)))(
    '%s comes from the worker as it was',
    (code, error, fields) => {
      const restored = errorFromMessage(structuredClone(errorToMessage(error)));
      expect(restored).toBeInstanceOf(error.constructor);
      expect(restored).toBeInstanceOf(SteadyreelError);
      expect(restored.name).toBe('SteadyreelError');
      expect(restored.message).toBe(error.message);
      expect(restored.stack).toBe(error.stack);
      expect(restored).toMatchObject({ code, ...fields });
      expect(String(restored)).toBe(String(error));
      expect(restored instanceof StorageError).toBe(error instanceof StorageError);
      // And once more, for a page that hands it on.
      expect(errorFromMessage(errorToMessage(restored))).toMatchObject({ code, ...fields });
    },
  );
});

describe('what is no error of ours', () => {
  it.each([
    [cause],
    ['text'],
    [undefined],
    [null],
    [{ code: 'x' }],
    [new DOMException('gone', 'AbortError')],
  ])('%s becomes one, with its cause', thrown => {
    const error = asSteadyreelError(thrown);
    expect(error).toBeInstanceOf(InternalError);
    expect(error.code).toBe('internal');
    expect(error.cause).toBe(thrown);
    const restored = errorFromMessage(structuredClone(errorToMessage(thrown)));
    expect(restored).toBeInstanceOf(InternalError);
    expect(restored.message).toBe(error.message);
  });

  it('ours stays what it is', () => {
    const error = new StorageUnreachableError('no answer');
    expect(asSteadyreelError(error)).toBe(error);
  });
});

describe('the way from the worker', () => {
  it('takes no value that could not be sent, nor a cause', () => {
    const error = new errors.OptionInvalidError('metadata', 'an object', () => undefined);
    const message = errorToMessage(error);
    expect(message.fields).toEqual({ option: 'metadata', expected: 'an object' });
    expect(() => structuredClone(message)).not.toThrow();
    expect(errorToMessage(new InternalError(cause)).fields).toEqual({});
  });

  it('an error of a newer version keeps its code and message', () => {
    const sent = { code: 'something-new', message: 'New.', fields: { size: 5 } };
    const error = errorFromMessage(sent);
    expect(error).toBeInstanceOf(SteadyreelError);
    expect(error).toMatchObject({ code: 'something-new', message: 'New.', size: 5 });
    expect(error.stack).toContain('something-new');
  });

  it('an error without a status has none afterwards', () => {
    const restored = errorFromMessage(errorToMessage(new StorageUnreachableError('no answer')));
    expect((restored as StorageUnreachableError).status).toBeUndefined();
  });
});

describe('what a message shows of a value', () => {
  const shown = (value: unknown): string =>
    /got (.*)\.$/s.exec(new errors.OptionInvalidError('x', 'y', value).message)?.[1] ?? '';

  it.each([
    ['text', '"text"'],
    [5, '5'],
    [null, 'null'],
    [undefined, 'undefined'],
    [{ a: 1 }, '{"a":1}'],
    [() => 1, 'a function'],
    [5n, '5'],
  ])('%s', (value, text) => {
    expect(shown(value)).toBe(text);
  });

  it('no more than a line of a large one, and something of one that JSON can not hold', () => {
    expect(shown(Array(1_000).fill('word')).length).toBeLessThanOrEqual(120);
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    expect(shown(circular)).toBe('[object Object]');
  });
});
