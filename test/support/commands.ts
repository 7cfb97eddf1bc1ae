/** What the browser tests let Node do: look at the files in storage with independent programs. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BrowserCommand } from 'vitest/node';
import { avcParameterSets } from '../../src/cut/avc.ts';
import { findBoxes } from './boxes.ts';
import * as media from './media.ts';

/** Everything that a test wants to know of one file. */
export interface Inspection {
  streams: media.ProbedStream[];
  /** What `ffmpeg -v error` printed. */
  errors: string;
  sha256: string;
  bytes: number;
  /** Number of SPS in the `avcC`, and of in-band SPS that differ from it. */
  avc: { parameterSets: number; strayParameterSets: number } | undefined;
}

/** Where a key lies in the test storage: the server maps the keys' prefix to its folder. */
const pathOf = (key: string): string =>
  join(process.env.STEADYREEL_TEST_DIR as string, key.replace(/^recordings\//, ''));

const avcFacts = (bytes: Buffer): Inspection['avc'] => {
  const [avcC] = findBoxes(bytes, ['moov', 'trak', 'mdia', 'minf', 'stbl', 'stsd', 'avc1', 'avcC']);
  if (!avcC) return undefined;
  const sets = avcParameterSets(avcC);
  let stray = 0;
  for (const mdat of findBoxes(bytes, ['mdat'])) {
    for (const nal of nalUnits(mdat)) {
      if (((nal[0] ?? 0) & 0x1f) === 7 && !sets.some(set => Buffer.compare(set, nal) === 0)) stray++;
    }
  }
  return { parameterSets: sets.length, strayParameterSets: stray };
};

/** Length-prefixed NAL units at the start of an `mdat`, which is where the video samples lie; stops at what isn't one. */
const nalUnits = (mdat: Buffer): Buffer[] => {
  const units: Buffer[] = [];
  for (let at = 0; at + 4 <= mdat.length; ) {
    const length = mdat.readUInt32BE(at);
    if (length === 0 || at + 4 + length > mdat.length) break;
    units.push(mdat.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return units;
};

const inspect: BrowserCommand<[key: string, unsteady?: boolean]> = async (
  _,
  key,
  unsteady = false,
): Promise<Inspection> => {
  const path = pathOf(key);
  const bytes = await readFile(path);
  const [streams, errors] = await Promise.all([media.probe(path), media.decodeErrors(path, unsteady)]);
  return {
    streams,
    errors,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    bytes: bytes.length,
    avc: avcFacts(bytes),
  };
};

const counters: BrowserCommand<[key: string, width: number, height: number]> = (_, key, width, height) =>
  media.readCounters(pathOf(key), width, height);

const packets: BrowserCommand<[key: string, stream: 'v' | 'a']> = (_, key, stream) =>
  media.packets(pathOf(key), stream);

const audio: BrowserCommand<[key: string, sampleRate: number, channels: number]> = (
  _,
  key,
  sampleRate,
  channels,
) => media.decodeAudio(pathOf(key), sampleRate, channels);

const brightness: BrowserCommand<[key: string]> = (_, key) => media.brightness(pathOf(key));

const sound: BrowserCommand<[key: string, sampleRate: number]> = (_, key, sampleRate) =>
  media.decodeSound(pathOf(key), sampleRate);

const beeps: BrowserCommand<[key: string]> = (_, key) => media.beeps(pathOf(key));

/** Red, green and blue in the middle of a frame, as a player shows it. */
const middleColor: BrowserCommand<[key: string, frame: number]> = async (_, key, frame) => {
  const filter = `select=eq(n\\,${frame}),crop=iw/4:ih/8:iw*3/8:ih/2,scale=1:1`;
  const args = ['-v', 'error', '-i', pathOf(key), '-frames:v', '1', '-vf', filter];
  const { stdout } = await media.run('ffmpeg', [...args, '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-']);
  return [...stdout];
};

const regionColors: BrowserCommand<[key: string, regions: media.Region[]]> = (_, key, regions) =>
  media.regionColors(pathOf(key), regions);
/** A picture, a frame of a file as a player shows it, or a part of either; pixels. */
interface Shown {
  key: string;
  frame?: number;
  part?: { x: number; y: number; width: number; height: number };
}

/** Mean difference, of 255, of two pictures, each fitted into a size with black around: decoded and scaled by ffmpeg. */
const pictureDifference: BrowserCommand<[a: Shown, b: Shown, width: number, height: number]> = async (
  _,
  a,
  b,
  width,
  height,
) => {
  const filters = ({ frame, part }: Shown): string =>
    [
      ...(frame === undefined ? [] : [`select=eq(n\\,${frame})`]),
      ...(part ? [`crop=${part.width}:${part.height}:${part.x}:${part.y}`] : []),
      `scale=${width}:${height}:force_original_aspect_ratio=decrease`,
      `pad=${width}:${height}:-1:-1,setsar=1,format=gbrp`,
    ].join();
  const graph = `[0:v]${filters(a)}[a];[1:v]${filters(b)}[b];[a][b]blend=all_mode=difference,format=rgb24`;
  const inputs = [a, b].flatMap(({ key }) => ['-i', pathOf(key)]);
  const args = ['-v', 'error', ...inputs, '-filter_complex', graph, '-frames:v', '1'];
  const { stdout, stderr } = await media.run('ffmpeg', [...args, '-f', 'rawvideo', '-']);
  if (stdout.length !== 3 * width * height) throw new Error(stderr);
  return stdout.reduce((sum, value) => sum + value, 0) / stdout.length;
};

/** Puts bytes where the other commands find them: for recordings that are not on the test server. */
const saveFile: BrowserCommand<[key: string, base64: string]> = async (_, key, base64) => {
  await mkdir(dirname(pathOf(key)), { recursive: true });
  await writeFile(pathOf(key), Buffer.from(base64, 'base64'));
};

const exists: BrowserCommand<[key: string]> = async (_, key) =>
  readFile(pathOf(key)).then(
    () => true,
    () => false,
  );

export const commands = {
  inspect,
  counters,
  packets,
  audio,
  brightness,
  beeps,
  sound,
  middleColor,
  regionColors,
  pictureDifference,
  saveFile,
  exists,
};

declare module 'vitest/browser' {
  interface BrowserCommands {
    inspect(key: string, unsteady?: boolean): Promise<Inspection>;
    counters(key: string, width: number, height: number): Promise<number[]>;
    packets(
      key: string,
      stream: 'v' | 'a',
    ): Promise<{ pts: number; duration: number; size: number; key: boolean }[]>;
    audio(key: string, sampleRate: number, channels: number): Promise<number[]>;
    beeps(key: string): Promise<number[]>;
    brightness(key: string): Promise<{ time: number; luma: number }[]>;
    sound(key: string, sampleRate: number): Promise<media.Sound>;
    middleColor(key: string, frame: number): Promise<number[]>;
    regionColors(key: string, regions: media.Region[]): Promise<number[][][]>;
    pictureDifference(a: Shown, b: Shown, width: number, height: number): Promise<number>;
    saveFile(key: string, base64: string): Promise<void>;
    exists(key: string): Promise<boolean>;
  }
}
