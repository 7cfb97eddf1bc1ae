/**
 * The ring of encoded packets: the last so many seconds of a stream, in blocks that begin with a key frame. The newest blocks lie in
 * memory, older ones where the store puts them. Pure, but for the store. Times are microseconds on the stream's timeline.
 */
import type { OverlaysEvent } from '../manifest.ts';
import { toMicroseconds } from '../media.ts';
import type { StoredConfig } from '../stored-config.ts';
import { type AudioKnown, type RingEntry, type RunBegun, sizeOf } from './entry.ts';

/** Where blocks lie that are not in memory. */
export interface BlockStore<Place> {
  /** Resolves with where the block lies. Rejects when there is no room. */
  put(entries: readonly RingEntry[]): Promise<Place>;
  get(place: Place): Promise<RingEntry[]>;
  /** The block is not needed any more. Must not throw. */
  drop(place: Place): void;
}

export interface RingLimits {
  /** How much of the stream is kept; microseconds. */
  duration: number;
  /** Bytes that may lie in memory. */
  memory: number;
}

/** So much is let go at once when there is no room; bytes. */
const ROOM = 32 * 2 ** 20;
/** A block without video is as long as a group of pictures usually is; microseconds. */
const AUDIO_BLOCK = 2_000_000;

type Place<P> =
  | { name: 'memory'; entries: RingEntry[] }
  | { name: 'moving'; entries: RingEntry[] }
  | { name: 'stored'; at: P };

/** Sound is encoded at once, pictures take their time: what belongs to a key frame lies so far before it at the most; microseconds. */
const LEAD = 500_000;

interface Block<P> {
  /** Time of its first packet: of its key frame, where it has video. */
  from: number;
  /** True when a clip can begin with it. */
  clean: boolean;
  bytes: number;
  /** Number of its entries; and those without packets, which stay in memory. */
  count: number;
  marks: RingEntry[];
  place: Place<P>;
}

/** What has to be known before the entries of a block. */
export interface Known {
  runs: RunBegun[];
  /** By run: what its encoder said first. */
  configs: (readonly [run: number, config: StoredConfig<VideoDecoderConfig>])[];
  audio: AudioKnown[];
  /** What was drawn into pictures when, from what the oldest one that is there shows. */
  overlays: OverlaysEvent[];
}

/** Where a reader is: the next entry that it gets. */
export interface Position {
  block: number;
  entry: number;
}

interface Reader {
  position: Position;
  /** How many entries without packets it has got of the block that it is in. */
  marks: number;
  /** What it gets in the place of packets that were let go, or could not be read. */
  missed: RingEntry[] | undefined;
  wake(): void;
}

/** Rung while nobody waits, it is heard all the same. */
class Bell {
  #rung = Promise.resolve();
  ring: () => void = () => undefined;

  reset(): void {
    this.#rung = new Promise(resolve => (this.ring = resolve));
  }

  get rung(): Promise<void> {
    return this.#rung;
  }
}

export class Ring<P = never> {
  /** The first one has number `#first`. */
  #blocks: Block<P>[] = [];
  #first = 0;
  #end = 0;
  #over = false;
  #memory = 0;
  #stored = 0;
  /** What was let go for want of room before its time. */
  #shortened = false;
  readonly #runs = new Map<
    number,
    { begun: RunBegun; config: StoredConfig<VideoDecoderConfig> | undefined; lastBlock: number }
  >();
  readonly #audio = new Map<number, { known: AudioKnown; lastBlock: number }>();
  readonly #readers = new Set<Reader>();
  #moving: Promise<void> | undefined;
  readonly #overlays: OverlaysEvent[] = [];

  constructor(
    private readonly limits: RingLimits,
    /** Absent: there is only memory. */
    private readonly store?: BlockStore<P>,
  ) {}

  /** Where the stream is: the time of its last packet. */
  get end(): number {
    return this.#end;
  }

  /** The earliest time at which a clip can begin; `undefined` before the first key frame. */
  get start(): number | undefined {
    return this.#blocks.find(({ clean }) => clean)?.from;
  }

  /** Time of the newest key frame, or of what a clip can begin with instead. */
  get newestKey(): number | undefined {
    return this.#blocks.findLast(({ clean }) => clean)?.from;
  }

  /** Bytes in memory, and elsewhere. */
  get bytes(): { memory: number; stored: number } {
    return { memory: this.#memory, stored: this.#stored };
  }

  /** True once something was let go before its time: there was no room. */
  get shortened(): boolean {
    return this.#shortened;
  }

  /** True when nothing more will come. */
  get over(): boolean {
    return this.#over;
  }

  /** Takes an entry over; its bytes must not be touched afterwards. Never throws. */
  append(entry: RingEntry): void {
    if (entry.kind === 'note' && entry.event.type === 'overlays') this.#overlays.push(entry.event);
    if (this.#beginsBlock(entry)) this.#begin(entry);
    const block = this.#blocks.at(-1);
    const place = block?.place;
    if (!block || place?.name !== 'memory') return;
    this.#note(entry);
    place.entries.push(entry);
    block.count++;
    if (!('data' in entry)) block.marks.push(entry);
    const bytes = sizeOf(entry);
    block.bytes += bytes;
    this.#memory += bytes;
    if (entry.kind === 'video' || entry.kind === 'audio') this.#end = Math.max(this.#end, entry.time);
    for (const reader of this.#readers) reader.wake();
  }

  /** Nothing more will come. */
  finish(): void {
    this.#over = true;
    for (const reader of this.#readers) reader.wake();
  }

  #beginsBlock(entry: RingEntry): boolean {
    const last = this.#blocks.at(-1);
    // Without key frames, what is there must be able to move out of memory all the same.
    if (!last || last.bytes > this.limits.memory / 16) return true;
    if (entry.kind === 'video') return entry.type === 'key';
    const alone = entry.kind === 'audio' && this.#withoutVideo(entry.epoch);
    return alone && (!last.clean || entry.time - last.from >= AUDIO_BLOCK);
  }

  /** True for audio of a run that has no video, or whose video never came. */
  #withoutVideo(epoch: number): boolean {
    const newest = [...this.#runs.values()].at(-1)?.begun;
    return newest === undefined || (newest.video === undefined && newest.audioEpoch === epoch);
  }

  #begin(entry: RingEntry): void {
    const from = 'time' in entry ? entry.time : this.#end;
    const clean =
      entry.kind === 'video'
        ? entry.type === 'key'
        : entry.kind === 'audio' && this.#withoutVideo(entry.epoch);
    const place: Place<P> = { name: 'memory', entries: [] };
    this.#blocks.push({ from, clean, bytes: 0, count: 0, marks: [], place });
    this.#evict();
    this.#spill();
  }

  #note(entry: RingEntry): void {
    const lastBlock = this.#first + this.#blocks.length - 1;
    if (entry.kind === 'begun') this.#runs.set(entry.run, { begun: entry, config: undefined, lastBlock });
    if (entry.kind === 'audio-known') this.#audio.set(entry.epoch, { known: entry, lastBlock });
    const run = entry.kind === 'video' ? this.#runs.get(entry.run) : undefined;
    if (run && entry.kind === 'video') Object.assign(run, { config: run.config ?? entry.config, lastBlock });
    const audio = entry.kind === 'audio' ? this.#audio.get(entry.epoch) : undefined;
    if (audio) audio.lastBlock = lastBlock;
    const newest = [...this.#runs.values()].at(-1);
    if (audio && newest && newest.begun.video === undefined) newest.lastBlock = lastBlock;
  }

  /** Lets go of what no clip of the time that is kept begins with. */
  #evict(): void {
    const limit = this.#end - this.limits.duration;
    const begins =
      this.#blocks.findLast(({ clean, from }) => clean && from <= limit)?.from ?? Number.NEGATIVE_INFINITY;
    const inUse = Math.min(...[...this.#readers].map(({ position }) => position.block));
    while ((this.#blocks[1]?.from ?? Number.POSITIVE_INFINITY) <= begins - LEAD && this.#first < inUse)
      this.#drop();
    if (this.store && !this.#shortened) return;
    while (this.#memory > this.limits.memory && this.#blocks.length > 1) {
      this.#shortened = true;
      this.#drop();
    }
  }

  #drop(): void {
    const block = this.#blocks.shift();
    if (!block) return;
    for (const reader of this.#readers) if (reader.position.block === this.#first) skip(reader, block);
    this.#first++;
    if (block.place.name === 'stored') {
      this.#stored -= block.bytes;
      this.store?.drop(block.place.at);
    } else this.#memory -= block.bytes;
    const begins = this.#blocks[0]?.from ?? 0;
    while (toMicroseconds(this.#overlays[1]?.time ?? Number.POSITIVE_INFINITY) <= begins)
      this.#overlays.shift();
    for (const known of [this.#runs, this.#audio])
      for (const [number, { lastBlock }] of [...known].slice(0, -1))
        if (lastBlock < this.#first) known.delete(number);
  }

  /** Moves the oldest blocks out of memory while there are too many in it. */
  #spill(): void {
    if (!this.store || this.#moving) return;
    this.#moving = this.#moveOld(this.store).finally(() => {
      this.#moving = undefined;
    });
  }

  async #moveOld(store: BlockStore<P>): Promise<void> {
    while (this.#memory > this.limits.memory / 2) {
      // The last one is still being filled.
      const block = this.#blocks.slice(0, -1).find(({ place }) => place.name === 'memory');
      if (block?.place.name !== 'memory') return;
      const { entries } = block.place;
      block.place = { name: 'moving', entries };
      try {
        const at = await store.put(entries);
        if (!this.#blocks.includes(block)) {
          store.drop(at);
          continue;
        }
        block.place = { name: 'stored', at };
        this.#memory -= block.bytes;
        this.#stored += block.bytes;
      } catch {
        // There is no room: it is the oldest that has to go.
        block.place = { name: 'memory', entries };
        this.#shortened = true;
        this.#makeRoom();
        return this.#evict();
      }
    }
  }

  /** Lets go of the oldest of what was stored. */
  #makeRoom(): void {
    const goal = this.#stored - ROOM;
    while (this.#stored > Math.max(0, goal) && this.#blocks[0]?.place.name === 'stored') this.#drop();
  }

  /**
   * The block to begin with so that nothing is missing from `time` on: the last one that begins at that time or before; or the
   * first that there is.
   *
   * @returns its time; `undefined` when there is none yet.
   */
  blockAt(time: number): { from: number; position: Position } | undefined {
    const clean = this.#blocks.flatMap((block, i) => (block.clean ? [{ from: block.from, i }] : []));
    const found = clean.findLast(({ from }) => from <= time) ?? clean[0];
    if (!found) return undefined;
    const lead = this.#blocks.findLastIndex(({ from }) => from <= found.from - LEAD);
    return { from: found.from, position: { block: this.#first + Math.max(0, lead), entry: 0 } };
  }

  /** The end: what comes from now on. */
  get newest(): Position {
    const last = this.#blocks.at(-1);
    const entry = last && last.place.name !== 'stored' ? last.place.entries.length : 0;
    return { block: this.#first + Math.max(0, this.#blocks.length - 1), entry };
  }

  /** True when a reader that is here has been given all that there is. */
  isAtEnd({ block, entry }: Position): boolean {
    const { newest } = this;
    return block >= newest.block && entry >= newest.entry;
  }

  /** What was said before, and holds for what is still there. */
  get known(): Known {
    const runs = [...this.#runs.values()];
    return {
      runs: runs.map(({ begun }) => begun),
      configs: runs.flatMap(({ begun, config }) => (config ? [[begun.run, config] as const] : [])),
      audio: [...this.#audio.values()].map(({ known }) => known),
      overlays: [...this.#overlays],
    };
  }

  /**
   * Entries from a position on, about so many bytes of them; an empty list when the ring is over. What a reader has not read is not
   * let go for its age.
   *
   * @param position moves on with what is given.
   */
  async *read(position: Position, bytes: number, signal: AbortSignal): AsyncGenerator<RingEntry[]> {
    const bell = new Bell();
    const reader: Reader = { position, marks: 0, missed: undefined, wake: () => bell.ring() };
    this.#readers.add(reader);
    signal.addEventListener('abort', reader.wake);
    try {
      while (!signal.aborted) {
        bell.reset();
        const entries = await this.#entriesAt(reader, bytes);
        if (signal.aborted) return;
        if (entries.length > 0) yield entries;
        else if (this.#over) return;
        else await bell.rung;
      }
    } finally {
      this.#readers.delete(reader);
      signal.removeEventListener('abort', reader.wake);
    }
  }

  async #entriesAt(reader: Reader, bytes: number): Promise<RingEntry[]> {
    const { position } = reader;
    const found: RingEntry[] = [];
    let size = 0;
    while (size < bytes) {
      if (reader.missed) found.push({ kind: 'lost', configs: this.known.configs }, ...reader.missed);
      reader.missed = undefined;
      const at = position.block;
      const block = this.#blocks[at - this.#first];
      if (!block) break;
      const entries = await this.#entriesOf(block);
      // It was let go meanwhile.
      if (position.block !== at) continue;
      if (!entries) {
        skip(reader, block);
        continue;
      }
      const last = block === this.#blocks.at(-1);
      while (position.entry < entries.length && size < bytes) {
        const entry = entries[position.entry++] as RingEntry;
        if (!('data' in entry)) reader.marks++;
        found.push(entry);
        size += sizeOf(entry);
      }
      if (position.entry < entries.length || last) break;
      goOn(reader);
    }
    return found;
  }

  /** `undefined` when they can't be read. */
  async #entriesOf({ place, count }: Block<P>): Promise<RingEntry[] | undefined> {
    if (place.name !== 'stored') return place.entries;
    const entries = await this.store?.get(place.at).catch(() => undefined);
    return entries?.length === count ? entries : undefined;
  }
}

/** To the next block. */
const goOn = (reader: Reader): void => {
  Object.assign(reader.position, { block: reader.position.block + 1, entry: 0 });
  reader.marks = 0;
};

/** What the reader has not got of a block it does not get, but for what there is to be known of what follows. */
const skip = (reader: Reader, { count, marks }: Pick<Block<never>, 'count' | 'marks'>): void => {
  if (reader.position.entry < count) (reader.missed ??= []).push(...marks.slice(reader.marks));
  goOn(reader);
};
