/** Webhooks of the S3 handler: their outbox in the bucket, and what they need to know of its recordings. */
import { manifestKey, type RecordedFile, type Recording } from '../../manifest.ts';
import { parseStoredManifest } from '../body.ts';
import type { RecordingPath } from '../webhooks/events.ts';
import type { RecordingView } from '../webhooks/news.ts';
import { type OutboxStore, WEBHOOKS_FOLDER } from '../webhooks/outbox.ts';
import { Webhooks } from '../webhooks/webhooks.ts';
import type { S3Client } from './client.ts';
import type { ResolvedS3Options } from './options.ts';
import { objectKeyOf } from './recordings.ts';
import { S3Store } from './store.ts';

/** Events have 64 KiB of data, and are text within JSON. */
const MAX_BYTES = 1024 ** 2;

const keyOf = (folder: string, name: string): string => `${WEBHOOKS_FOLDER}/${folder}/${name}`;

/** Texts in objects of the bucket. */
class BucketOutbox implements OutboxStore {
  constructor(private readonly open: () => S3Store) {}

  list(folder: string, after: string, limit: number): Promise<string[]> {
    return this.open().names(keyOf(folder, ''), after, limit);
  }

  async get(folder: string, name: string): Promise<string | undefined> {
    const answer = await this.open().get(keyOf(folder, name), MAX_BYTES);
    return answer && new TextDecoder().decode(answer.bytes);
  }

  put(folder: string, name: string, text: string): Promise<void> {
    return this.open().put(keyOf(folder, name), new TextEncoder().encode(text), 'application/json');
  }

  delete(folder: string, name: string): Promise<void> {
    return this.open().delete(keyOf(folder, name));
  }
}

/** What the bucket has. */
class BucketRecordings implements RecordingView {
  constructor(
    private readonly open: () => S3Store,
    private readonly maxManifestBytes: number,
  ) {}

  async manifest({ prefix, recordingId }: RecordingPath): Promise<Recording | undefined> {
    const key = objectKeyOf(prefix, manifestKey(recordingId));
    const stored = await this.open().get(key, this.maxManifestBytes);
    return stored && parseStoredManifest(new TextDecoder().decode(stored.bytes), recordingId)?.manifest;
  }

  async isStored({ prefix }: RecordingPath, { key }: RecordedFile): Promise<boolean> {
    return (await this.open().head(objectKeyOf(prefix, key))) !== undefined;
  }
}

/** `undefined` when nobody is to be told of anything. */
export const bucketWebhooks = (options: ResolvedS3Options, client: S3Client): Webhooks | undefined => {
  const { receivers, onWebhookError, maxManifestBytes, waitUntil } = options;
  if (receivers.length === 0) return undefined;
  // No page's request ends it: pages close when their last manifest is stored. Each call has deadlines of its own.
  const open = () => new S3Store(client, new AbortController().signal);
  return new Webhooks({
    receivers,
    store: new BucketOutbox(open),
    recordings: new BucketRecordings(open, maxManifestBytes),
    report: onWebhookError,
    isResident: false,
    waitUntil,
  });
};
