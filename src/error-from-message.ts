/** Errors that come from the worker, as what they were there. In the page. */
import {
  BrowserUnsupportedError,
  CodecUnsupportedError,
  DeviceStorageError,
  DeviceStorageFullError,
  EncoderFailedError,
  type ErrorMessage,
  InternalError,
  ManifestInvalidError,
  MuxFailedError,
  RecordingElsewhereError,
  RecordingEmptyError,
  RecoveryIncompleteError,
  type SteadyreelError,
  StorageCallbackError,
  StorageFullError,
  StorageNotFoundError,
  StorageRejectedError,
  StorageUnauthorizedError,
  StorageUnreachableError,
  WorkerFailedError,
} from './errors.ts';

/** Of all errors that a worker throws. Only the page looks classes up by their code; the worker's bundle has none of this. */
export const classOf = (code: string): { prototype: SteadyreelError } => {
  const classes: Record<string, { prototype: SteadyreelError }> = {
    'browser-unsupported': BrowserUnsupportedError,
    'codec-unsupported': CodecUnsupportedError,
    'encoder-failed': EncoderFailedError,
    'mux-failed': MuxFailedError,
    'worker-failed': WorkerFailedError,
    'recording-empty': RecordingEmptyError,
    'storage-unreachable': StorageUnreachableError,
    'storage-unauthorized': StorageUnauthorizedError,
    'storage-full': StorageFullError,
    'storage-rejected': StorageRejectedError,
    'storage-not-found': StorageNotFoundError,
    'storage-callback-failed': StorageCallbackError,
    'device-storage-failed': DeviceStorageError,
    'device-storage-full': DeviceStorageFullError,
    'manifest-invalid': ManifestInvalidError,
    'recording-elsewhere': RecordingElsewhereError,
    'recovery-incomplete': RecoveryIncompleteError,
    internal: InternalError,
  };
  return classes[code] ?? InternalError;
};

/** The error again, of its own class, so that `instanceof` works in the page. */
export const errorFromMessage = (sent: ErrorMessage): SteadyreelError => {
  const error = Object.create(classOf(sent.code).prototype) as SteadyreelError;
  const define = (key: string, value: unknown): void => {
    Object.defineProperty(error, key, {
      value,
      configurable: true,
      writable: true,
      enumerable: key in sent.fields,
    });
  };
  define('name', 'SteadyreelError');
  define('message', sent.message);
  define('code', sent.code);
  define('stack', sent.stack ?? `${sent.code}: ${sent.message}`);
  for (const [key, value] of Object.entries(sent.fields)) define(key, value);
  return error;
};
