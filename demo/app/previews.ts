/** Small pictures of a recording at any time: tiles of the sheets that its index names. */
import type { Recording, Storage } from 'steadyreel';
import { type Address, addressOf } from './addresses.ts';
import { type Cue, cueAt, parseCues } from './cues.ts';

/** A tile, ready to be shown. */
export interface Tile extends Cue {
  /** Address of its sheet. */
  url: string;
}

export class Previews {
  readonly #storage: Storage;
  readonly #index: string | undefined;
  #cues: Promise<Cue[]> | undefined;
  readonly #sheets = new Map<string, Promise<Address | undefined>>();

  constructor(storage: Storage, { thumbnails }: Recording) {
    this.#storage = storage;
    this.#index = thumbnails?.vtt;
  }

  /** The tile at a time; `undefined` where there is none. Nothing is fetched before it is asked for. */
  async at(time: number): Promise<Tile | undefined> {
    const cue = cueAt(await this.#load(), time);
    const sheet = cue && (await this.#sheet(cue.sheet));
    return sheet && { ...cue, url: sheet.url };
  }

  #load(): Promise<Cue[]> {
    const index = this.#index;
    this.#cues ??=
      index === undefined
        ? Promise.resolve([])
        : this.#storage
            .read(index)
            .then(blob => blob.text())
            .then(parseCues)
            .catch(() => []);
    return this.#cues;
  }

  /** The sheet's name is that of a file beside the index. */
  #sheet(name: string): Promise<Address | undefined> {
    const key = (this.#index ?? '').replace(/[^/]*$/, name);
    const known = this.#sheets.get(key);
    if (known) return known;
    const loading = addressOf(this.#storage, key).catch(() => undefined);
    this.#sheets.set(key, loading);
    return loading;
  }

  /** Lets go of what was loaded. */
  release(): void {
    for (const sheet of this.#sheets.values()) void sheet.then(address => address?.release());
    this.#sheets.clear();
  }
}
