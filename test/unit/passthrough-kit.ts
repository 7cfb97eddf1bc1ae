/** What the tests of passthrough share: bits by hand, and real streams frame by frame. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ALL_FORMATS, BufferSource, Input } from 'mediabunny';
import { Mp4Writer } from '../../src/mux/mp4-writer.ts';
import { decoderConfigOf, type EncodedVideo } from '../../src/passthrough/parameters.ts';
import { run } from '../support/media.ts';

/** Writes bits, the highest first. */
export class BitWriter {
  #bits: number[] = [];

  put(value: number, count: number): this {
    for (let i = count - 1; i >= 0; i--) this.#bits.push(Math.floor(value / 2 ** i) % 2);
    return this;
  }

  /** An unsigned Exp-Golomb code. */
  ue(value: number): this {
    const length = Math.floor(Math.log2(value + 1));
    return this.put(0, length).put(value + 1, length + 1);
  }

  se(value: number): this {
    return this.ue(value > 0 ? 2 * value - 1 : -2 * value);
  }

  /** Filled up with zeros to a whole byte. */
  get bytes(): Uint8Array {
    const bytes = new Uint8Array(Math.ceil(this.#bits.length / 8));
    for (const [i, bit] of this.#bits.entries())
      bytes[i >> 3] = (bytes[i >> 3] ?? 0) | (bit << (7 - (i & 7)));
    return bytes;
  }
}

const inFolder = async <T>(work: (folder: string) => Promise<T>): Promise<T> => {
  const folder = await mkdtemp(join(tmpdir(), 'steadyreel-passthrough-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/** A test picture that an encoder of ffmpeg made into a bare stream, and what ffmpeg decodes it to. */
export interface Bare {
  bytes: Buffer;
  /** MD5 of each decoded frame. */
  frames: string[];
}

const decodedFrames = async (path: string): Promise<string[]> => {
  const args = ['-v', 'error', '-i', path, '-an', '-fps_mode', 'passthrough', '-f', 'framemd5', '-'];
  const { stdout, stderr, code } = await run('ffmpeg', args);
  if (code !== 0 || stderr !== '') throw new Error(`ffmpeg ${path}: ${stderr}`);
  const lines = stdout.toString().split('\n');
  return lines.filter(line => /^0,/.test(line)).map(line => line.slice(line.lastIndexOf(',') + 1).trim());
};

const ffmpeg = async (...args: string[]): Promise<void> => {
  const { code, stderr } = await run('ffmpeg', ['-v', 'error', ...args]);
  if (code !== 0) throw new Error(`ffmpeg: ${stderr}`);
};

/** The content of the first box of a type. */
const boxIn = (mp4: Buffer, type: string): Uint8Array => {
  const at = mp4.indexOf(type);
  return at < 0 ? new Uint8Array() : new Uint8Array(mp4.subarray(at + 4, at - 4 + mp4.readUInt32BE(at - 4)));
};

/** What ffmpeg's muxer writes of a bare stream, as mediabunny reads it, and its own decoder description. */
export const describedByOthers = (
  { bytes }: Bare,
  extension: 'h264' | 'ivf',
): Promise<{ codec: string; avcC: Uint8Array; av1C: Uint8Array }> =>
  inFolder(async folder => {
    const [path, copy] = [join(folder, `stream.${extension}`), join(folder, 'copy.mp4')];
    await writeFile(path, bytes);
    await ffmpeg('-i', path, '-c', 'copy', copy);
    const mp4 = await readFile(copy);
    const input = new Input({ formats: ALL_FORMATS, source: new BufferSource(mp4) });
    const config = await (await input.getPrimaryVideoTrack())?.getDecoderConfig();
    return { codec: config?.codec ?? '', avcC: boxIn(mp4, 'avcC'), av1C: boxIn(mp4, 'av1C') };
  });

/**
 * @param extension of the container: `h264` or `ivf`.
 * @param passes of the encoder: two where it is to look ahead.
 */
export const encode = (
  extension: 'h264' | 'ivf',
  source: string,
  encoder: readonly string[],
  passes: 1 | 2 = 1,
): Promise<Bare> =>
  inFolder(async folder => {
    const path = join(folder, `stream.${extension}`);
    const input = ['-f', 'lavfi', '-i', source, ...encoder];
    const log = ['-passlogfile', join(folder, 'pass')];
    if (passes === 2) await ffmpeg(...input, '-pass', '1', ...log, '-f', 'null', '-');
    await ffmpeg(...input, ...(passes === 2 ? ['-pass', '2', ...log] : []), path);
    return { bytes: await readFile(path), frames: await decodedFrames(path) };
  });

/** The frames of an IVF file: a header of 32 bytes, and one of 12 before each. */
export const ivfFrames = (ivf: Buffer): Uint8Array[] => {
  const frames: Uint8Array[] = [];
  for (let at = 32; at < ivf.length; ) {
    const size = ivf.readUInt32LE(at);
    frames.push(new Uint8Array(ivf.subarray(at + 12, at + 12 + size)));
    at += 12 + size;
  }
  return frames;
};

/** The access units of a byte stream of H.264 whose every one begins with a delimiter, which stays. */
export const accessUnits = (stream: Buffer): Uint8Array[] => {
  const starts: number[] = [];
  const delimiter = Buffer.from([0, 0, 0, 1, 9]);
  for (let at = stream.indexOf(delimiter); at >= 0; at = stream.indexOf(delimiter, at + 1)) starts.push(at);
  return starts.map((start, i) => new Uint8Array(stream.subarray(start, starts[i + 1])));
};

export interface Sample {
  data: Uint8Array;
  type: 'key' | 'delta';
}

/** Puts samples into a file with the project's own muxer. */
export const muxed = (parameters: EncodedVideo, samples: readonly Sample[], frameRate: number): Buffer => {
  const pieces: Uint8Array[] = [];
  const setup = { family: parameters.family, rotation: 0, flip: false, frameRate } as const;
  const writer = new Mp4Writer(
    0,
    { video: setup, audio: false },
    {
      onBytes: bytes => pieces.push(bytes.slice()),
      onError: error => {
        throw error;
      },
    },
  );
  for (const [i, { data, type }] of samples.entries()) {
    const timestamp = Math.round((i * 1e6) / frameRate);
    writer.addVideo({ data, type, timestamp }, i === 0 ? decoderConfigOf(parameters) : undefined);
  }
  writer.closeVideo(Math.round((samples.length * 1e6) / frameRate));
  writer.finish();
  return Buffer.concat(pieces);
};

/** What ffmpeg makes of a file: its frames, and what it says of the track. Throws at the slightest complaint. */
export const decoded = (
  mp4: Uint8Array,
): Promise<{ frames: string[]; stream: Record<string, string | number | undefined> }> =>
  inFolder(async folder => {
    const path = join(folder, 'file.mp4');
    await writeFile(path, mp4);
    const probed = await run('ffprobe', ['-v', 'error', '-show_streams', '-of', 'json', path]);
    if (probed.stderr !== '') throw new Error(`ffprobe: ${probed.stderr}`);
    const { streams } = JSON.parse(probed.stdout.toString()) as {
      streams: Record<string, string | number | undefined>[];
    };
    return { frames: await decodedFrames(path), stream: streams[0] ?? {} };
  });
