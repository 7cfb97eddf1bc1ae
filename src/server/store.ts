/**
 * Files on disk for the tus server. Its own file store would not do for recordings: it hides why a write
 * failed, loses an upload's info when the disk is full, lets an upload replace a file, follows links, and
 * ends the process when it can't make its folder.
 *
 * An upload's id is its path below the folder, `[<prefix>/]<recording id>/0001.mp4`.
 */
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { DataStore, ERRORS, type KvStore, Upload } from '@tus/server';
import { fileSize, findFolder, makeFolder, openFile, readText, syncFolder, writeAtomically } from './disk.ts';
import { errnoOf, fileExists, HttpError, notFound, offsetMismatch } from './errors.ts';

/** Folder below `dir` for the info files of uploads. */
export const UPLOADS_FOLDER = '.uploads';
const MAX_INFO_BYTES = 1024 ** 2;

const split = (id: string): { folder: string[]; name: string } => {
  const segments = id.split('/');
  return { folder: segments.slice(0, -1), name: segments.at(-1) ?? '' };
};

/** What is known of an upload besides its bytes: its length, once declared, and its metadata. */
class InfoStore implements KvStore {
  constructor(private readonly root: string) {}

  async get(id: string): Promise<Upload | undefined> {
    const { folder, name } = split(id);
    const path = await findFolder(this.root, [UPLOADS_FOLDER, ...folder]);
    const text = path && (await readText(join(path, `${name}.json`), MAX_INFO_BYTES));
    return text ? (JSON.parse(text) as Upload) : undefined;
  }

  // A disk that is full while an info file is written anew must not cost the upload its info.
  async set(id: string, upload: Upload): Promise<void> {
    const { folder, name } = split(id);
    const path = await makeFolder(this.root, [UPLOADS_FOLDER, ...folder]);
    const { size, metadata, creation_date } = upload;
    await writeAtomically(path, `${name}.json`, JSON.stringify({ id, size, metadata, creation_date }));
  }

  async delete(id: string): Promise<void> {
    const { folder, name } = split(id);
    const path = await findFolder(this.root, [UPLOADS_FOLDER, ...folder]);
    if (path) await rm(join(path, `${name}.json`), { force: true });
  }
}

/** Writes all of a piece; the system may take less at a time, for one when the disk gets full. */
const writeAll = async (
  handle: { write: (b: Uint8Array, o: number, l: number, p: number) => Promise<{ bytesWritten: number }> },
  piece: Uint8Array,
  position: number,
): Promise<void> => {
  for (let done = 0; done < piece.byteLength; ) {
    const { bytesWritten } = await handle.write(piece, done, piece.byteLength - done, position + done);
    done += bytesWritten;
  }
};

/**
 * The recorder forgets what an answer confirms, so it has to survive a power cut. What could not be flushed must not be confirmed later:
 * flushed once more, it would seem to be there, as the system gives such pages up (fsync(2), NOTES).
 *
 * @param kept bytes that were flushed before.
 */
const flush = async (handle: FileHandle, kept: number): Promise<void> => {
  try {
    await handle.datasync();
  } catch (thrown) {
    if (kept < Number.POSITIVE_INFINITY) await handle.truncate(kept).catch(() => undefined);
    throw thrown;
  }
};

/** Bytes of a file, all of them flushed: a process that died may have left some that were not. */
const flushedSize = async (path: string): Promise<number | undefined> => {
  const handle = await openFile(path, 'write').catch(async (thrown: NodeJS.ErrnoException) => {
    // What nobody can write to, such as an archive, has nothing that is not flushed.
    if (thrown.code === 'EACCES' || thrown.code === 'EPERM' || thrown.code === 'EROFS')
      return 'read-only' as const;
    throw thrown;
  });
  if (handle === 'read-only') return fileSize(path);
  if (handle === undefined) return undefined;
  try {
    const { size } = await handle.stat();
    await handle.datasync();
    return size;
  } finally {
    await handle.close();
  }
};

/** The store for recordings below a folder. */
export class RecordingStore extends DataStore {
  private readonly infos: KvStore;

  constructor(private readonly root: string) {
    super();
    this.infos = new InfoStore(root);
    this.extensions = ['creation', 'creation-with-upload', 'creation-defer-length', 'termination'];
  }

  /** Begins an upload. @throws HttpError (409) when its file is there already. */
  override async create(upload: Upload): Promise<Upload> {
    const { folder, name } = split(upload.id);
    const within = await makeFolder(this.root, folder);
    const path = join(within, name);
    const isLeftover = (await fileSize(path)) === 0 && (await this.infos.get(upload.id)) === undefined;
    if (isLeftover) await rm(path);
    try {
      await (await open(path, 'wx')).close();
    } catch (thrown) {
      throw errnoOf(thrown) === 'EEXIST' ? fileExists() : thrown;
    }
    try {
      await syncFolder(within);
      await this.infos.set(upload.id, upload);
    } catch (thrown) {
      await rm(path, { force: true });
      throw thrown;
    }
    upload.storage = { type: 'file', path };
    return upload;
  }

  /**
   * Writes from `offset` on and resolves to the new one. Errors of the file system come out as they are; what
   * was written before them stays.
   */
  override async write(readable: Readable, id: string, offset: number): Promise<number> {
    const { folder, name } = split(id);
    const path = await findFolder(this.root, folder);
    const handle = path && (await openFile(join(path, name), 'write'));
    if (!handle) throw notFound();
    let position = offset;
    let kept = Number.POSITIVE_INFINITY;
    try {
      kept = (await handle.stat()).size;
      if (kept !== offset) throw offsetMismatch();
      // Were the stream destroyed at an error here, the tus server would report that in the error's stead.
      for await (const piece of readable.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
        await writeAll(handle, piece, position);
        position += piece.byteLength;
      }
    } finally {
      await flush(handle, kept).finally(() => handle.close());
    }
    return position;
  }

  /** A file with no info, for one when `.uploads` was deleted, counts as finished. */
  override async getUpload(id: string): Promise<Upload> {
    const { folder, name } = split(id);
    const path = await findFolder(this.root, folder);
    const info = await this.infos.get(id);
    // Without an upload, nobody forgets anything because of it.
    const sizeOf = info ? flushedSize : fileSize;
    const bytes = path === undefined ? undefined : await sizeOf(join(path, name));
    if (path === undefined || bytes === undefined) {
      throw info ? ERRORS.FILE_NO_LONGER_EXISTS : ERRORS.FILE_NOT_FOUND;
    }
    if (info === undefined && bytes === 0) throw ERRORS.FILE_NOT_FOUND;
    const upload = new Upload({ id, offset: bytes, storage: { type: 'file', path: join(path, name) } });
    upload.size = info ? info.size : bytes;
    upload.metadata = info?.metadata;
    return upload;
  }

  /** The length of an upload, once it is declared. */
  async declaredLength(id: string): Promise<number | undefined> {
    return (await this.infos.get(id))?.size;
  }

  /** True when all bytes of a file are here. */
  async isComplete(id: string): Promise<boolean> {
    try {
      const { size, offset } = await this.getUpload(id);
      return size === offset;
    } catch (thrown) {
      const isMissing = thrown === ERRORS.FILE_NOT_FOUND || thrown === ERRORS.FILE_NO_LONGER_EXISTS;
      if (isMissing || thrown instanceof HttpError) return false;
      throw thrown;
    }
  }

  override async declareUploadLength(id: string, length: number): Promise<void> {
    const info = await this.infos.get(id);
    if (info === undefined) throw notFound();
    info.size = length;
    await this.infos.set(id, info);
  }

  /** Deletes an upload's file and info. @throws HttpError (404) when there is no file. */
  override async remove(id: string): Promise<void> {
    const { folder, name } = split(id);
    const path = await findFolder(this.root, folder);
    const isThere = path !== undefined && (await fileSize(join(path, name))) !== undefined;
    if (isThere) await rm(join(path, name), { force: true });
    await this.infos.delete(id);
    if (!isThere) throw notFound();
  }
}
