/** Where a ring's older blocks lie: in segments in the origin private file system, deleted when all of their blocks are old. */
import type { RingEntry } from '../clip/entry.ts';
import type { BlockStore } from '../clip/ring.ts';
import { lockRecording } from '../journal/lock.ts';
import { decodeRecords, encodeRecord } from '../journal/records.ts';
import { writeAll } from '../journal/write.ts';
import {
  createDirectory,
  directoryNames,
  openSync,
  RINGS_PATH,
  removeDirectory,
  removeFile,
  ringPath,
  type SyncAccessHandle,
} from '../opfs.ts';

/** A segment takes no block more once it is so large. */
const SEGMENT_BYTES = 32 * 2 ** 20;

/** Room that is left for recordings, or a tenth of all where that is less; bytes. */
const KEPT_FREE = 2 ** 30;

interface Segment {
  name: string;
  handle: SyncAccessHandle;
  size: number;
  /** Blocks in it that are still needed. */
  blocks: number;
  full: boolean;
}

export interface StoredBlock {
  segment: Segment;
  at: number;
  length: number;
}

export class RingStore implements BlockStore<StoredBlock> {
  #segment: Segment | undefined;
  #count = 0;
  readonly #open = new Set<Segment>();

  private constructor(
    private readonly path: readonly string[],
    private readonly unlock: () => void,
  ) {}

  /** Also deletes what tabs have left behind that are gone. `undefined` where there is no private file system. */
  static async open(id: string): Promise<RingStore | undefined> {
    try {
      const unlock = await lockRecording(id);
      if (!unlock) return undefined;
      await removeLeftBehind();
      await createDirectory(ringPath(id));
      return new RingStore(ringPath(id), unlock);
    } catch {
      return undefined;
    }
  }

  async put(entries: readonly RingEntry[]): Promise<StoredBlock> {
    const segment = await this.#segmentToFill();
    const at = segment.size;
    try {
      for (const entry of entries) {
        const record = encodeRecord(0, 'data' in entry ? recordOf(entry) : { json: entry });
        writeAll(segment.handle, record, segment.size);
        segment.size += record.byteLength;
      }
    } catch (error) {
      segment.size = at;
      throw error;
    }
    segment.blocks++;
    if (segment.size >= SEGMENT_BYTES) segment.full = true;
    return { segment, at, length: segment.size - at };
  }

  async #segmentToFill(): Promise<Segment> {
    if (this.#segment && !this.#segment.full) return this.#segment;
    await checkRoom();
    const name = String(++this.#count);
    const handle = await openSync(await createDirectory(this.path), name);
    this.#segment = { name, handle, size: 0, blocks: 0, full: false };
    this.#open.add(this.#segment);
    return this.#segment;
  }

  async get({ segment, at, length }: StoredBlock): Promise<RingEntry[]> {
    const bytes = new Uint8Array(length);
    segment.handle.read(bytes, { at });
    const records = decodeRecords(bytes)?.records ?? [];
    return records.map(({ json, data }) => {
      const carries = 'kind' in json && (json.kind === 'video' || json.kind === 'audio');
      return (carries ? { ...json, data: data ?? new Uint8Array() } : json) as RingEntry;
    });
  }

  drop({ segment }: StoredBlock): void {
    if (--segment.blocks > 0 || !segment.full) return;
    segment.handle.close();
    this.#open.delete(segment);
    void removeFile(this.path, segment.name).catch(() => undefined);
  }

  /** All of it is let go. Never rejects. */
  async remove(): Promise<void> {
    for (const { handle } of this.#open) handle.close();
    this.#open.clear();
    await removeDirectory(this.path).catch(() => undefined);
    this.unlock();
  }
}

/** A ring must not take the room that recordings need. @throws QuotaExceededError */
const checkRoom = async (): Promise<void> => {
  const { quota, usage } = await navigator.storage.estimate();
  if (quota !== undefined && usage !== undefined && quota - usage < Math.min(KEPT_FREE, quota / 10))
    throw new DOMException('What is left is for recordings.', 'QuotaExceededError');
};

const recordOf = ({ data, ...json }: Extract<RingEntry, { data: Uint8Array }>) => ({ json, data });

/** Rings are of no use to anybody once their tab is gone. */
const removeLeftBehind = async (): Promise<void> => {
  for (const id of await directoryNames(RINGS_PATH)) {
    const unlock = await lockRecording(id);
    if (!unlock) continue;
    await removeDirectory(ringPath(id)).catch(() => undefined);
    unlock();
  }
};
