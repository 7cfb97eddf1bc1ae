/** Streams that ffmpeg's encoders make, frame by frame, for a peer to send. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './media.ts';

/** One encoded frame. */
export interface EncodedFrame {
  /** It can be decoded without any before it. */
  key: boolean;
  width: number;
  height: number;
  /** Of H.264 the NAL units of its access unit, without start codes and delimiters; else the frame as a whole. */
  units: Uint8Array[];
}

export interface VideoStream {
  codec: 'h264' | 'vp8' | 'vp9';
  /** Frames in a second. */
  frameRate: number;
  frames: EncodedFrame[];
}

export interface AudioStream {
  channels: 1 | 2;
  /** Milliseconds of each packet. */
  frameDuration: number;
  /** Opus packets. */
  packets: Uint8Array[];
}

/** A stretch of one picture size. */
export interface Stretch {
  width: number;
  height: number;
  frames: number;
}

export interface VideoOptions {
  /** One after the other; each begins with a key frame and with parameters of its own. Default one of 640x360, 60 frames. */
  stretches?: readonly Stretch[];
  /** Default 30. */
  frameRate?: number;
  /** Frames from one key frame to the next. Default 30. */
  keyInterval?: number;
  /** Bits in a second. Default 500000. */
  bitrate?: number;
  /** Of ffmpeg's encoder, in place of those that are given here or beside them. */
  extra?: readonly string[];
}

const inFolder = async <T>(work: (folder: string) => Promise<T>): Promise<T> => {
  const folder = await mkdtemp(join(tmpdir(), 'steadyreel-streams-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const ffmpeg = async (args: readonly string[], path: string): Promise<Buffer> => {
  const { code, stderr } = await run('ffmpeg', ['-v', 'error', '-y', ...args, path]);
  if (code !== 0) throw new Error(`ffmpeg: ${stderr}`);
  return readFile(path);
};

/** What was made is kept: tests ask for the same streams again, once for each browser. */
const remembered = <Options, Stream>(
  make: (options: Options) => Promise<Stream>,
): ((options: Options) => Promise<Stream>) => {
  const made = new Map<string, Promise<Stream>>();
  return options => {
    const key = JSON.stringify(options);
    const stream = made.get(key) ?? make(options);
    made.set(key, stream);
    return stream;
  };
};

/** Encodes each stretch for itself. */
const stretches = (
  extension: 'h264' | 'ivf',
  encoder: readonly string[],
  options: VideoOptions,
  framesOf: (stream: Buffer) => { key: boolean; units: Uint8Array[] }[],
): Promise<EncodedFrame[]> =>
  inFolder(async folder => {
    const all: EncodedFrame[] = [];
    const { frameRate = 30, keyInterval = 30, bitrate = 500_000, extra = [] } = options;
    for (const { width, height, frames } of options.stretches ?? [{ width: 640, height: 360, frames: 60 }]) {
      const source = `testsrc2=size=${width}x${height}:rate=${frameRate}`;
      const input = ['-f', 'lavfi', '-i', source, '-frames:v', String(frames), '-pix_fmt', 'yuv420p'];
      const rate = ['-b:v', String(bitrate), '-g', String(keyInterval), '-threads', '1'];
      const args = [...input, ...encoder, ...rate, ...extra];
      const stream = await ffmpeg(args, join(folder, `stream.${extension}`));
      const encoded = framesOf(stream);
      if (encoded.length !== frames)
        throw new Error(`${frames} frames were asked for, ${encoded.length} came.`);
      all.push(...encoded.map(frame => ({ ...frame, width, height })));
    }
    return all;
  });

/** NAL units of a byte stream (ITU-T H.264, annex B), by ffmpeg's own habit: each start code is looked for on its own. */
const nalsOf = (stream: Buffer): Uint8Array[] => {
  const code = Buffer.from([0, 0, 1]);
  const nals: Uint8Array[] = [];
  for (let at = stream.indexOf(code); at >= 0; ) {
    const next = stream.indexOf(code, at + 3);
    let end = next < 0 ? stream.length : next;
    // The first byte of a start code of four, and zeros that fill up.
    while (stream[end - 1] === 0) end--;
    nals.push(new Uint8Array(stream.subarray(at + 3, end)));
    at = next;
  }
  return nals;
};

const DELIMITER = 9;
const IDR = 5;

/** Access units, each of which begins with a delimiter; those are then taken out, as senders of RTP do. */
const accessUnits = (stream: Buffer): { key: boolean; units: Uint8Array[] }[] => {
  const found: Uint8Array[][] = [];
  const typeOf = (nal: Uint8Array): number => (nal[0] ?? 0) & 0x1f;
  for (const nal of nalsOf(stream)) {
    if (typeOf(nal) === DELIMITER) found.push([]);
    else found.at(-1)?.push(nal);
  }
  return found.map(units => ({ key: units.some(nal => typeOf(nal) === IDR), units }));
};

/** H.264 by x264 as WebRTC has it: without pictures out of order, parameter sets before each IDR picture. */
export const h264Stream = remembered(async (options: VideoOptions): Promise<VideoStream> => {
  const encoder = ['-c:v', 'libx264', '-profile:v', 'baseline', '-preset', 'veryfast', '-bf', '0'];
  const settings = ['-tune', 'zerolatency', '-x264-params', 'aud=1:repeat-headers=1:scenecut=0'];
  const frames = await stretches('h264', [...encoder, ...settings], options, accessUnits);
  return { codec: 'h264', frameRate: options.frameRate ?? 30, frames };
});

/** The frames of an IVF file: a header of 32 bytes, and one of 12 before each. */
const ivfFrames = (ivf: Buffer): Uint8Array[] => {
  const frames: Uint8Array[] = [];
  for (let at = 32; at < ivf.length; ) {
    const size = ivf.readUInt32LE(at);
    frames.push(new Uint8Array(ivf.subarray(at + 12, at + 12 + size)));
    at += 12 + size;
  }
  return frames;
};

const realtime = ['-deadline', 'realtime', '-cpu-used', '8', '-lag-in-frames', '0', '-auto-alt-ref', '0'];

/** VP8 by libvpx, without frames that are not shown. */
export const vp8Stream = remembered(async (options: VideoOptions): Promise<VideoStream> => {
  const isKey = (frame: Uint8Array): boolean => ((frame[0] ?? 0) & 1) === 0;
  const frames = await stretches('ivf', ['-c:v', 'libvpx', ...realtime], options, ivf =>
    ivfFrames(ivf).map(frame => ({ key: isKey(frame), units: [frame] })),
  );
  return { codec: 'vp8', frameRate: options.frameRate ?? 30, frames };
});

/** VP9 by libvpx in profile 0, without frames that are not shown. */
export const vp9Stream = remembered(async (options: VideoOptions): Promise<VideoStream> => {
  // Frame marker, two bits of the profile, whether it is shown again, and the kind: 10 00 0 0 for a key frame.
  const isKey = (frame: Uint8Array): boolean => ((frame[0] ?? 0) & 0xfc) === 0x80;
  const frames = await stretches('ivf', ['-c:v', 'libvpx-vp9', ...realtime], options, ivf =>
    ivfFrames(ivf).map(frame => ({ key: isKey(frame), units: [frame] })),
  );
  return { codec: 'vp9', frameRate: options.frameRate ?? 30, frames };
});

/** The packets of an Ogg stream (RFC 3533, 6): on each page a table says where they end. */
const oggPackets = (ogg: Buffer): Uint8Array[] => {
  const packets: Uint8Array[] = [];
  let parts: Buffer[] = [];
  for (let at = 0; at < ogg.length; ) {
    const count = ogg[at + 26] ?? 0;
    const table = ogg.subarray(at + 27, at + 27 + count);
    at += 27 + count;
    for (const size of table) {
      parts.push(ogg.subarray(at, at + size));
      at += size;
      // A full segment goes on in the next one.
      if (size === 255) continue;
      packets.push(new Uint8Array(Buffer.concat(parts)));
      parts = [];
    }
  }
  return packets;
};

export interface AudioOptions {
  /** Seconds. Default 2. */
  duration?: number;
  /** Default 2. */
  channels?: 1 | 2;
  /** Milliseconds of a packet: 10, 20, 40 or 60. Default 20. */
  frameDuration?: number;
  /** Of ffmpeg's lavfi. Default a tone of 440 Hz. */
  source?: string;
  extra?: readonly string[];
}

/** Opus by libopus. */
export const opusStream = remembered(
  (options: AudioOptions): Promise<AudioStream> =>
    inFolder(async folder => {
      const { duration = 2, channels = 2, frameDuration = 20, extra = [] } = options;
      const source = options.source ?? 'sine=frequency=440:sample_rate=48000';
      const input = ['-f', 'lavfi', '-i', source, '-t', String(duration), '-ac', String(channels)];
      const encoder = [
        '-c:a',
        'libopus',
        '-frame_duration',
        String(frameDuration),
        '-b:a',
        '64000',
        ...extra,
      ];
      const ogg = await ffmpeg([...input, ...encoder], join(folder, 'stream.ogg'));
      // The first two say what follows (RFC 7845, 5).
      return { channels, frameDuration, packets: oggPackets(ogg).slice(2) };
    }),
);
