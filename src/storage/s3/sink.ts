/** Stores a recording in an S3 store over presigned addresses, each file by a multipart upload that grows with it. */
import { manifestKey, type Recording } from '../../manifest.ts';
import type { UploadHandle } from '../../media.ts';
import { Patience, persistenceOf, refusal } from '../http.ts';
import {
  askForHeaders,
  type SinkEvents,
  type SmallObject,
  type StorageSink,
  type UploadSource,
} from '../sink.ts';
import { Slots } from '../slots.ts';
import type { S3Config } from '../storage.ts';
import { FileUpload } from './file-upload.ts';
import { type Attempts, S3Requests } from './requests.ts';

export class S3Sink implements StorageSink {
  readonly #requests: S3Requests;
  readonly #lanes: Slots;
  /** One for all files: while one of them gets through, none is given up. */
  readonly #patience = new Patience();

  constructor(
    private readonly config: S3Config,
    private readonly events: SinkEvents,
  ) {
    this.#requests = new S3Requests(config, () => askForHeaders(events));
    this.#lanes = new Slots(config.lanes);
  }

  async writeManifest(manifest: Recording, signal: AbortSignal): Promise<void> {
    await this.#put(manifestKey(manifest.id), manifest, {
      persistence: persistenceOf(this.config, this.events),
      signal,
    });
  }

  async put({ key, bytes }: SmallObject, signal: AbortSignal): Promise<void> {
    const persistence = persistenceOf(this.config, this.events, this.#patience);
    await this.#put(key, bytes, { persistence, signal });
    persistence.progress();
  }

  /** Through the handler: it is small, and what is there may be replaced. */
  async #put(key: string, content: Recording | Uint8Array<ArrayBuffer>, attempts: Attempts): Promise<void> {
    const response = await this.#requests.send(attempts, 'PUT', key, content);
    if (!response.ok) throw await refusal(this.config.endpoint, response);
  }

  async store(source: UploadSource, signal: AbortSignal): Promise<void> {
    const { endpoint, partBytes, lanes: laneCount } = this.config;
    const context = {
      ...{ requests: this.#requests, endpoint, partBytes, lanes: this.#lanes, laneCount },
      onUpload: (key: string, upload: UploadHandle) => this.events.onUpload(key, upload),
      onStored: (key: string, bytes: number) => this.events.onStored(key, bytes),
    };
    await new FileUpload(context, source, {
      persistence: persistenceOf(this.config, this.events, this.#patience),
      signal,
      onMoved: () => {
        this.#patience.lastProgress = performance.now();
      },
    }).run();
  }

  async remove(recordingId: string, signal: AbortSignal): Promise<void> {
    const headers = await this.#requests.headers();
    await fetch(`${this.config.endpoint}/recordings/${recordingId}`, { method: 'DELETE', headers, signal });
  }
}
