/** Reads fragmented MP4 without any of the libraries under test, from files of any size. */
import { findBoxes } from '../support/boxes.ts';

/** Bytes of a file from an offset on. */
export type Read = (offset: number, length: number) => Buffer;

/** A box at the top of a file. */
interface TopBox {
  type: string;
  offset: number;
  size: number;
  /** Bytes before its content. */
  header: number;
}

/** The boxes at the top of a file, in order; they must fill it to the byte. */
function* topBoxes(read: Read, fileSize: number): Generator<TopBox> {
  let offset = 0;
  while (offset < fileSize) {
    const start = read(offset, Math.min(16, fileSize - offset));
    const short = start.readUInt32BE(0);
    const size = short === 1 ? Number(start.readBigUInt64BE(8)) : short;
    const type = start.toString('latin1', 4, 8);
    if (size < 8 || offset + size > fileSize) throw new Error(`${type} at ${offset} has ${size} bytes`);
    yield { type, offset, size, header: short === 1 ? 16 : 8 };
    offset += size;
  }
}

/** The content of a box at the top of a file. */
const contentOf = (read: Read, box: TopBox): Buffer => read(box.offset + box.header, box.size - box.header);

/** The only box on a path. */
const theBox = (bytes: Buffer, ...path: string[]): Buffer => {
  const [found, ...more] = findBoxes(bytes, path);
  if (!found || more.length > 0) throw new Error(`${found ? more.length + 1 : 0} boxes ${path.join('/')}`);
  return found;
};

export interface FragmentSample {
  /** Ticks of the track's timescale. */
  time: number;
  duration: number;
  key: boolean;
  size: number;
  /** Where its data lies in the file. */
  offset: number;
}

/** What a movie fragment has of a track. */
interface TrackRun {
  trackId: number;
  /** `tfdt`, in ticks of the track's timescale. */
  time: number;
  samples: FragmentSample[];
}

const IS_DELTA = 0x10000;

/** `tfhd`, `tfdt` and `trun` (ISO/IEC 14496-12, 8.8.7, 8.8.12, 8.8.8), as far as we write them; refuses the rest. */
const runOf = (traf: Buffer, moofOffset: number): TrackRun => {
  const [tfhd, tfdt, trun] = [theBox(traf, 'tfhd'), theBox(traf, 'tfdt'), theBox(traf, 'trun')];
  // Defaults for duration, size and flags; offsets count from the moof; no other sample description.
  if (tfhd.readUInt32BE(0) !== 0x020038) throw new Error('unexpected tfhd');
  if (tfdt.readUInt32BE(0) !== 0x01000000) throw new Error('a tfdt of 32 bits');
  const flags = trun.readUIntBE(1, 3);
  if ((flags & ~0x0705) !== 0 || (flags & 1) === 0) throw new Error('unexpected trun');
  const count = trun.readUInt32BE(4);
  let offset = moofOffset + trun.readInt32BE(8);
  let at = 12;
  const next = (present: number, otherwise: number): number => {
    if ((flags & present) === 0) return otherwise;
    at += 4;
    return trun.readUInt32BE(at - 4);
  };
  const firstFlags = next(0x0004, -1);
  const start = Number(tfdt.readBigUInt64BE(4));
  let time = start;
  const samples: FragmentSample[] = [];
  for (let i = 0; i < count; i++) {
    const duration = next(0x0100, tfhd.readUInt32BE(8));
    const size = next(0x0200, tfhd.readUInt32BE(12));
    const own = next(0x0400, tfhd.readUInt32BE(16));
    const key = ((i === 0 && firstFlags !== -1 ? firstFlags : own) & IS_DELTA) === 0;
    samples.push({ time, duration, key, size, offset });
    time += duration;
    offset += size;
  }
  if (at !== trun.length) throw new Error('a trun that is longer than its samples');
  return { trackId: tfhd.readUInt32BE(4), time: start, samples };
};

/** A track, by what the file says of it. */
export interface FileTrack {
  id: number;
  kind: 'video' | 'audio';
  /** Ticks in a second. */
  timescale: number;
  /** Ticks that players leave out at the beginning. */
  leftOut: number;
  /** Size in pixels, as the sample description has it; absent for audio. */
  picture: { width: number; height: number } | undefined;
  /** What a decoder is told: `avcC` or `dOps`. */
  description: Buffer;
  samples: number;
  /** Where the last sample ends, in ticks. */
  end: number;
}

/** The tracks of a `moov`; each must have one sample description. */
const tracksOf = (moov: Buffer): FileTrack[] =>
  findBoxes(moov, ['trak']).map(trak => {
    const tkhd = theBox(trak, 'tkhd');
    const mdhd = theBox(trak, 'mdia', 'mdhd');
    const video = theBox(trak, 'mdia', 'hdlr').toString('latin1', 8, 12) === 'vide';
    const stbl = ['mdia', 'minf', 'stbl'];
    if (theBox(trak, ...stbl, 'stsd').readUInt32BE(4) !== 1) throw new Error('not one sample description');
    const entry = video ? theBox(trak, ...stbl, 'stsd', 'avc1') : undefined;
    const [elst] = findBoxes(trak, ['edts', 'elst']);
    return {
      id: tkhd.readUInt32BE(tkhd[0] === 1 ? 20 : 12),
      kind: video ? 'video' : 'audio',
      timescale: mdhd.readUInt32BE(mdhd[0] === 1 ? 20 : 12),
      leftOut: elst ? elst.readInt32BE(12) : 0,
      picture: entry && { width: entry.readUInt16BE(24), height: entry.readUInt16BE(26) },
      // A copy: what was read of the file can be let go.
      description: Buffer.from(
        theBox(trak, ...stbl, 'stsd', ...(video ? ['avc1', 'avcC'] : ['Opus', 'dOps'])),
      ),
      samples: 0,
      end: 0,
    };
  });

/** A line of a file's index: where a movie fragment lies, and when its first key frame is, in ticks. */
type IndexLine = [time: number, offset: number];

/** The index at a file's end, `mfra` (ISO/IEC 14496-12, 8.8.9), by the ids of its tracks. */
const indexOf = (read: Read, box: TopBox): Map<number, IndexLine[]> => {
  const mfra = contentOf(read, box);
  if (theBox(mfra, 'mfro').readUInt32BE(4) !== box.size) throw new Error('mfro has another size');
  const tables = findBoxes(mfra, ['tfra']).map((tfra): [number, IndexLine[]] => {
    // Times and offsets of 64 bits, numbers of traf, trun and sample of 32.
    if (tfra[0] !== 1 || tfra.readUInt32BE(8) !== 0x3f) throw new Error('unexpected tfra');
    const lines = Array.from({ length: tfra.readUInt32BE(12) }, (_, i): IndexLine => {
      const at = 16 + i * 28;
      return [Number(tfra.readBigUInt64BE(at)), Number(tfra.readBigUInt64BE(at + 8))];
    });
    return [tfra.readUInt32BE(4), lines];
  });
  return new Map(tables);
};

/** The samples follow each other without a gap and fill the media data to the byte. */
const checkData = (runs: readonly TrackRun[], mdat: TopBox): void => {
  let at = mdat.offset + mdat.header;
  for (const { samples } of runs)
    for (const { offset, size } of samples) {
      if (offset !== at) throw new Error(`a sample at ${offset} instead of ${at}`);
      at += size;
    }
  if (at !== mdat.offset + mdat.size) throw new Error(`the samples end at ${at}, the media data elsewhere`);
};

/** A fragment goes on where the track's last one ended, but for the rounding of one tick. */
const checkTimes = (run: TrackRun, track: FileTrack): void => {
  if (run.samples.length === 0) throw new Error('a run without samples');
  const step = run.time - track.end;
  if (track.samples > 0 && Math.abs(step) > 1) throw new Error(`${step} ticks between two fragments`);
};

/** Reads a file from its beginning to its end, box by box. */
class FragmentReader {
  tracks: FileTrack[] = [];
  fragments = 0;
  /** What the index should say. */
  readonly #lines = new Map<number, IndexLine[]>();
  #runs: TrackRun[] = [];
  #order = '';

  constructor(
    private readonly read: Read,
    private readonly onSample: (track: FileTrack, sample: FragmentSample) => void,
  ) {}

  take(box: TopBox): void {
    const { type, offset } = box;
    this.#order = `${this.#order} ${type}`.replace(/ moof mdat moof mdat$/, ' moof mdat');
    if (type === 'moov') this.tracks = tracksOf(contentOf(this.read, box));
    if (type === 'moof') this.#takeFragment(contentOf(this.read, box), offset);
    if (type === 'mdat') this.#takeData(box);
    if (type === 'mfra') this.#compareIndex(indexOf(this.read, box));
  }

  #takeFragment(moof: Buffer, offset: number): void {
    this.fragments++;
    const number = theBox(moof, 'mfhd').readUInt32BE(4);
    if (number !== this.fragments) throw new Error(`fragment ${this.fragments} says it is ${number}`);
    this.#runs = findBoxes(moof, ['traf']).map(traf => runOf(traf, offset));
    for (const { trackId, samples } of this.#runs) {
      const lines = this.#lines.get(trackId) ?? [];
      this.#lines.set(trackId, lines);
      // Players begin at key frames.
      const key = samples.find(sample => sample.key);
      if (key) lines.push([key.time, offset]);
    }
  }

  #takeData(mdat: TopBox): void {
    checkData(this.#runs, mdat);
    for (const run of this.#runs) {
      const track = this.tracks.find(({ id }) => id === run.trackId);
      if (!track) throw new Error(`there is no track ${run.trackId}`);
      checkTimes(run, track);
      for (const sample of run.samples) {
        this.onSample(track, sample);
        track.samples++;
        track.end = sample.time + sample.duration;
      }
    }
  }

  #compareIndex(index: Map<number, IndexLine[]>): void {
    for (const { id } of this.tracks) {
      const [said, found] = [index.get(id) ?? [], this.#lines.get(id) ?? []];
      const wrong = found.findIndex(([time, offset], i) => said[i]?.[0] !== time || said[i]?.[1] !== offset);
      if (said.length !== found.length || wrong !== -1)
        throw new Error(`the index of track ${id} has ${said[wrong]} instead of ${found[wrong]}`);
    }
  }

  end(): void {
    if (this.#order !== ' ftyp moov moof mdat mfra') throw new Error(`the file has${this.#order}`);
  }
}

/**
 * Reads all of a fragmented file as a player would that trusts nothing, and throws where it is not sound: order of
 * boxes, numbers of fragments, offsets, times, index.
 *
 * @param onSample called with each sample, fragment by fragment.
 */
export const readFragments = (
  read: Read,
  fileSize: number,
  onSample: (track: FileTrack, sample: FragmentSample) => void,
): { tracks: FileTrack[]; fragments: number } => {
  const reader = new FragmentReader(read, onSample);
  for (const box of topBoxes(read, fileSize)) reader.take(box);
  reader.end();
  return reader;
};
