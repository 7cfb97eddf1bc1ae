/** A user's own storage, as the page sees it. */
import { OptionInvalidError, StorageNotFoundError } from '../../errors.ts';
import { byStartDescending, parseKey, type Recording } from '../../manifest.ts';
import { checkNames, numberOption } from '../options.ts';
import type { CustomConfig, PageCall, Storage } from '../storage.ts';

/** A piece of a file. */
export interface CustomChunk {
  /** `recordings/<recording id>/0001.mp4`. */
  key: string;
  /** Bytes of the file before this piece. */
  offset: number;
  /** Yours to keep or to transfer on. */
  bytes: Uint8Array<ArrayBuffer>;
  /** The file ends with this piece, which may be empty if it is the last one. */
  last: boolean;
}

/** Options of `custom()`: functions of your own, called in the page. */
export interface CustomOptions {
  /** Tells this storage from others, so that `recover` goes on with the right recordings. Default `custom`. */
  name?: string;
  /**
   * Stores a piece of a file; resolves once it is durable. For each file, pieces come in order and one at a time; files of one
   * recording may come side by side. When it rejects, the piece is given again: `offset` says where it
   * belongs, and what is there already is to be written over. One that takes long is waited for.
   */
  write(chunk: CustomChunk): Promise<void>;
  /** Stores the manifest over the one before. Called whenever it changes, and with the final one at the end; one at a time. */
  writeManifest(manifest: Recording): Promise<void>;
  /**
   * Bytes of a file that are durable; 0 when there are none. Asked after a failure and after a crash, to go on from there. Without
   * it a file is given from the last confirmed piece on, and after a crash from its beginning.
   */
  size?(key: string): Promise<number>;
  /** Deletes a recording with all its files. Without it what was thrown away stays. */
  delete?(recordingId: string): Promise<void>;
  /** A file, or a manifest; `undefined` when there is none. Without it nothing can be read back. */
  read?(key: string, options: { signal?: AbortSignal }): Promise<Blob | undefined>;
  /** All manifests. Without it nothing is listed. */
  list?(options: { signal?: AbortSignal }): Promise<Recording[]>;
  /** An address that a media element can play. */
  url?(key: string): string | undefined;
  /** Most bytes of a piece. Default 1 MiB. */
  chunkBytes?: number;
  /** Seconds after which what is there is given although it is less than `chunkBytes`. Default 2. */
  flushInterval?: number;
  /** Seconds without any progress after `stop()` until the storage is given up. Default 30. */
  giveUpAfter?: number;
}

const FUNCTIONS = ['write', 'writeManifest', 'size', 'delete', 'read', 'list', 'url'] as const;
const NAMES = ['name', ...FUNCTIONS, 'chunkBytes', 'flushInterval', 'giveUpAfter'];

const checkFunctions = (options: CustomOptions): void => {
  for (const name of FUNCTIONS) {
    const needed = name === 'write' || name === 'writeManifest';
    const given = options?.[name];
    if (typeof given !== 'function' && (needed || given !== undefined))
      throw new OptionInvalidError(`custom.${name}`, 'a function', given);
  }
};

/**
 * Stores recordings by functions of your own: in another service, another protocol, another window. Everything goes to the
 * journal first, so that the functions may be slow, or fail for as long as they like.
 *
 * @throws OptionUnknownError (`option-unknown`), OptionInvalidError (`option-invalid`).
 */
export const custom = (options: CustomOptions): Storage => {
  checkNames(options, NAMES);
  checkFunctions(options);
  const { name = 'custom' } = options;
  if (typeof name !== 'string') throw new OptionInvalidError('custom.name', 'a string', name);
  const chunkBytes = { from: 1024, to: 1024 ** 3, unit: 'bytes', fallback: 1024 ** 2 };
  const flushInterval = { from: 0.1, to: 3600, unit: 'seconds', fallback: 2 };
  const giveUpAfter = { from: 0, to: 86_400, unit: 'seconds', fallback: 30 };
  return new CustomStorage(options, {
    kind: 'custom',
    endpoint: name,
    knowsSize: options.size !== undefined,
    chunkBytes: Math.round(numberOption(options.chunkBytes, 'custom.chunkBytes', chunkBytes)),
    flushInterval: numberOption(options.flushInterval, 'custom.flushInterval', flushInterval),
    giveUpAfter: numberOption(options.giveUpAfter, 'custom.giveUpAfter', giveUpAfter),
  });
};

class CustomStorage implements Storage {
  readonly kind = 'custom';

  constructor(
    private readonly options: CustomOptions,
    readonly config: CustomConfig,
  ) {}

  /** What a function gives back may be something that can not be sent to the worker: only a size is. */
  async answer(call: PageCall): Promise<unknown> {
    switch (call.name) {
      case 'write': {
        const { key, offset, bytes, last } = call;
        return void (await this.options.write({ key, offset, bytes, last }));
      }
      case 'size':
        return this.options.size?.(call.key);
      case 'writeManifest':
        return void (await this.options.writeManifest(call.manifest));
      case 'delete':
        return void (await this.options.delete?.(call.recordingId));
      case 'headers':
        return {};
    }
  }

  url(key: string): string | undefined {
    return this.options.url?.(key);
  }

  async read(key: string, options: { signal?: AbortSignal } = {}): Promise<Blob> {
    const found = parseKey(key) && (await this.options.read?.(key, options));
    if (!found) throw new StorageNotFoundError(key);
    return found;
  }

  async list(options: { signal?: AbortSignal } = {}): Promise<Recording[]> {
    return [...((await this.options.list?.(options)) ?? [])].sort(byStartDescending);
  }

  async delete(recordingId: string): Promise<void> {
    await this.options.delete?.(recordingId);
  }
}
