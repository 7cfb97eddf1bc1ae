/** Reads a fragmented MP4 file sample by sample, without any of the libraries under test (ISO/IEC 14496-12). */
import type { RecordedFile } from '../../src/manifest.ts';
import { findBoxes } from '../support/boxes.ts';
import { type AudioTrace, readTrace, type VideoTrace } from '../support/simulated-packets.ts';

/** A sample, in ticks of its track, without the edit list. */
export interface Sample<Trace> {
  time: number;
  duration: number;
  key: boolean;
  trace: Trace;
}

interface TrackHeader {
  id: number;
  timescale: number;
  /** Types of the sample descriptions. */
  descriptions: string[];
  /** The first sample description's own content. */
  description: Buffer;
  /** Ticks of the media that are not shown at the beginning. */
  skipped: number;
}

export interface ReadTrack<Trace> extends TrackHeader {
  samples: Sample<Trace>[];
}

export interface ReadFile {
  video: ReadTrack<VideoTrace> | undefined;
  audio: ReadTrack<AudioTrace> | undefined;
}

interface Box {
  type: string;
  /** Where its content begins and ends. */
  from: number;
  to: number;
}

const boxesIn = (bytes: Buffer, from = 0, to = bytes.length): Box[] => {
  const boxes: Box[] = [];
  for (let at = from; at < to; ) {
    const short = bytes.readUInt32BE(at);
    const header = short === 1 ? 16 : 8;
    const size = short === 1 ? Number(bytes.readBigUInt64BE(at + 8)) : short;
    const type = bytes.toString('latin1', at + 4, at + 8);
    if (size < header || at + size > to) throw new Error(`box ${type} at ${at} has a size of ${size}`);
    boxes.push({ type, from: at + header, to: at + size });
    at += size;
  }
  return boxes;
};

const only = (found: readonly Buffer[], what: string): Buffer => {
  const [first] = found;
  if (!first || found.length > 1) throw new Error(`${found.length} ${what}`);
  return first;
};

const headerOf = (trak: Buffer): TrackHeader & { kind: string } => {
  const tkhd = only(findBoxes(trak, ['tkhd']), 'tkhd');
  const mdhd = only(findBoxes(trak, ['mdia', 'mdhd']), 'mdhd');
  const hdlr = only(findBoxes(trak, ['mdia', 'hdlr']), 'hdlr');
  const stsd = only(findBoxes(trak, ['mdia', 'minf', 'stbl', 'stsd']), 'stsd');
  const descriptions = boxesIn(stsd, 8);
  const [first] = descriptions;
  if (!first || stsd.readUInt32BE(4) !== descriptions.length)
    throw new Error('a sample description is missing');
  const [elst] = findBoxes(trak, ['edts', 'elst']);
  const wide = elst?.[0] === 1;
  return {
    kind: hdlr.toString('latin1', 8, 12),
    id: tkhd.readUInt32BE(tkhd[0] === 1 ? 20 : 12),
    timescale: mdhd.readUInt32BE(mdhd[0] === 1 ? 20 : 12),
    descriptions: descriptions.map(({ type }) => type),
    description: stsd.subarray(first.from, first.to),
    skipped: elst ? (wide ? Number(elst.readBigInt64BE(16)) : elst.readInt32BE(12)) : 0,
  };
};

/** `sample_is_non_sync_sample`. */
const isKey = (flags: number): boolean => ((flags >> 16) & 1) === 0;

/** The samples of one track fragment; `moof` is where its movie fragment begins. */
const samplesOf = (bytes: Buffer, moof: number, traf: Box): { id: number; samples: Sample<unknown>[] } => {
  const boxes = boxesIn(bytes, traf.from, traf.to);
  const at = (type: string): Buffer =>
    only(
      boxes.filter(box => box.type === type).map(box => bytes.subarray(box.from, box.to)),
      type,
    );
  const [tfhd, tfdt, trun] = [at('tfhd'), at('tfdt'), at('trun')];
  if (tfhd.readUInt32BE(0) !== 0x20038) throw new Error('tfhd has other fields than it is read for');
  const flags = trun.readUInt32BE(0) & 0xffffff;
  let next = 4;
  const u32 = (): number => trun.readUInt32BE((next += 4) - 4);
  const count = u32();
  let offset = moof + u32();
  const firstFlags = flags & 4 ? u32() : undefined;
  let time = Number(tfdt.readBigUInt64BE(4));
  const samples: Sample<unknown>[] = [];
  for (let i = 0; i < count; i++) {
    const duration = flags & 0x100 ? u32() : tfhd.readUInt32BE(8);
    const size = flags & 0x200 ? u32() : tfhd.readUInt32BE(12);
    const own = flags & 0x400 ? u32() : ((i === 0 ? firstFlags : undefined) ?? tfhd.readUInt32BE(16));
    if (flags & 0x800 && u32() !== 0) throw new Error('a sample is not shown when it is decoded');
    samples.push({
      time,
      duration,
      key: isKey(own),
      trace: readTrace(bytes.subarray(offset, offset + size)),
    });
    offset += size;
    time += duration;
  }
  return { id: tfhd.readUInt32BE(4), samples };
};

/** @throws Error when the file is not one that can be read from its beginning to its end. */
export const readFile = (bytes: Buffer): ReadFile => {
  const moov = only(findBoxes(bytes, ['moov']), 'moov');
  const headers = findBoxes(moov, ['trak']).map(headerOf);
  const samples = new Map<number, Sample<unknown>[]>(headers.map(({ id }) => [id, []]));
  for (const moof of boxesIn(bytes).filter(box => box.type === 'moof')) {
    for (const traf of boxesIn(bytes, moof.from, moof.to).filter(box => box.type === 'traf')) {
      const run = samplesOf(bytes, moof.from - 8, traf);
      samples.get(run.id)?.push(...run.samples);
    }
  }
  const track = <Trace>(kind: string): ReadTrack<Trace> | undefined => {
    const [header, another] = headers.filter(other => other.kind === kind);
    if (another) throw new Error(`two tracks of kind ${kind}`);
    return header && { ...header, samples: (samples.get(header.id) ?? []) as Sample<Trace>[] };
  };
  return { video: track('vide'), audio: track('soun') };
};

/** A file with what the manifest says of it. Times are microseconds on the timeline. */
export interface PlacedFile extends ReadFile {
  entry: RecordedFile;
  start: number;
  end: number;
}

/** Says where samples do not follow each other strictly, one after another. */
export function* ordered(
  what: string,
  timescale: number,
  samples: readonly Sample<unknown>[],
): Generator<string> {
  for (const [i, { time, duration }] of samples.entries()) {
    const next = samples[i + 1];
    if (duration <= 0) yield `${what}: sample ${i} lasts ${duration} ticks`;
    if (!next) continue;
    if (next.time <= time) yield `${what}: sample ${i + 1} is at ${next.time}, after ${time}`;
    if (Math.abs(time + duration - next.time) > 1)
      yield `${what}: sample ${i} ends at ${time + duration}, the next is at ${next.time} (of ${timescale})`;
  }
}
