/** Webhooks of the handler on disk: their outbox in its folder, and what they need to know of its recordings. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MANIFEST_NAME, parseKey, type RecordedFile, type Recording } from '../manifest.ts';
import { parseStoredManifest } from './body.ts';
import { findFolder, listFolder, makeFolder, readText, writeAtomically } from './disk.ts';
import { HttpError } from './errors.ts';
import type { ResolvedHandlerOptions } from './options.ts';
import { idOf } from './recordings.ts';
import type { RecordingStore } from './store.ts';
import type { RecordingPath } from './webhooks/events.ts';
import type { RecordingView } from './webhooks/news.ts';
import { type OutboxStore, WEBHOOKS_FOLDER } from './webhooks/outbox.ts';
import { Webhooks } from './webhooks/webhooks.ts';

/** Events have 64 KiB of data, and are text within JSON. */
const MAX_BYTES = 1024 ** 2;

/** Texts in files below the handler's folder. */
class DiskOutbox implements OutboxStore {
  constructor(private readonly root: string) {}

  #segments(folder: string): string[] {
    return [WEBHOOKS_FOLDER, ...folder.split('/')];
  }

  async list(folder: string, after: string, limit: number): Promise<string[]> {
    const path = await findFolder(this.root, this.#segments(folder));
    const names = path === undefined ? [] : await listFolder(path);
    // Half-written files begin with a dot.
    const later = names.filter(name => name > after && name.endsWith('.json') && !name.startsWith('.'));
    return later.sort().slice(0, limit);
  }

  async get(folder: string, name: string): Promise<string | undefined> {
    const path = await findFolder(this.root, this.#segments(folder));
    return path && (await readText(join(path, name), MAX_BYTES));
  }

  async put(folder: string, name: string, text: string): Promise<void> {
    await writeAtomically(await makeFolder(this.root, this.#segments(folder)), name, text);
  }

  async delete(folder: string, name: string): Promise<void> {
    const path = await findFolder(this.root, this.#segments(folder));
    if (path) await rm(join(path, name), { force: true });
  }
}

/** Where a link or a file is in the way, there is no recording. */
const orNothing = (thrown: unknown): undefined => {
  if (!(thrown instanceof HttpError)) throw thrown;
};

/** What the folder has. */
class DiskRecordings implements RecordingView {
  constructor(
    private readonly root: string,
    private readonly files: RecordingStore,
    private readonly maxManifestBytes: number,
  ) {}

  async manifest({ prefix, recordingId }: RecordingPath): Promise<Recording | undefined> {
    const folder = await findFolder(this.root, [...prefix, recordingId]).catch(orNothing);
    const text = folder && (await readText(join(folder, MANIFEST_NAME), this.maxManifestBytes));
    return text ? parseStoredManifest(text, recordingId)?.manifest : undefined;
  }

  async isStored({ prefix, recordingId }: RecordingPath, { key }: RecordedFile): Promise<boolean> {
    const name = parseKey(key)?.name ?? '';
    const id = idOf({ root: this.root, prefix }, recordingId, name);
    return this.files.isComplete(id);
  }
}

/** `undefined` when nobody is to be told of anything. */
export const diskWebhooks = (
  options: ResolvedHandlerOptions,
  files: RecordingStore,
): Webhooks | undefined => {
  const { dir, receivers, onWebhookError, maxManifestBytes } = options;
  if (receivers.length === 0) return undefined;
  return new Webhooks({
    receivers,
    store: new DiskOutbox(dir),
    recordings: new DiskRecordings(dir, files, maxManifestBytes),
    report: onWebhookError,
    isResident: true,
  });
};
