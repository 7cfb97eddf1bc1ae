/** A storage of ours, as the page holds it. What it takes to read there is loaded when it is first asked for. */
import type { Recording } from '../manifest.ts';
import { openAccess } from '../on-demand.ts';
import type { RequestHeaders } from './headers.ts';
import type {
  Access,
  DeviceConfig,
  DirectoryConfig,
  PageCall,
  S3Config,
  Storage,
  TusConfig,
} from './storage.ts';

/** Where we know how to read. */
export type ReadableConfig = DeviceConfig | DirectoryConfig | TusConfig | S3Config;

export class LoadedStorage implements Storage {
  /** @param headers of a storage that is reached by requests. */
  constructor(
    readonly config: ReadableConfig,
    private readonly headers?: RequestHeaders,
  ) {}

  get kind(): ReadableConfig['kind'] {
    return this.config.kind;
  }

  url(key: string): string | undefined {
    const { config } = this;
    if (!('headers' in config)) return undefined;
    // A media element can't send headers.
    const { endpoint, headers } = config;
    return headers !== 'asked' && Object.keys(headers).length === 0 ? `${endpoint}/${key}` : undefined;
  }

  async answer(_: PageCall): Promise<Record<string, string> | undefined> {
    return this.headers?.next();
  }

  #open(): Access | Promise<Access> {
    return openAccess(this.config, this.headers);
  }

  async read(key: string, options?: { signal?: AbortSignal }): Promise<Blob> {
    return (await this.#open()).read(key, options);
  }

  async list(options?: { signal?: AbortSignal }): Promise<Recording[]> {
    return (await this.#open()).list(options);
  }

  async delete(recordingId: string, options?: { signal?: AbortSignal }): Promise<void> {
    return (await this.#open()).delete(recordingId, options);
  }
}
