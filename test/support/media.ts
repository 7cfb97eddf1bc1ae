/** What ffmpeg and ffprobe say of a file: the independent eyes of the tests. */
import { spawn } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { readCounter } from '../../demo/test-pattern/counter.ts';

/** One stream as ffprobe reads it. */
export interface ProbedStream {
  codec_type: 'video' | 'audio';
  codec_name: string;
  profile?: string;
  width?: number;
  height?: number;
  color_range?: string;
  color_space?: string;
  color_primaries?: string;
  color_transfer?: string;
  sample_rate?: string;
  channels?: number;
  start_time?: string;
  duration?: string;
  nb_read_packets?: string;
  side_data_list?: { rotation?: number; displaymatrix?: string }[];
}

/** Runs a program; resolves to its output and the code it ended with. */
export const run = (
  command: string,
  args: string[],
): Promise<{ code: number; stdout: Buffer; stderr: string }> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const stdout: Buffer[] = [];
    let stderr = '';
    child.stdout.on('data', data => stdout.push(data));
    child.stderr.on('data', data => {
      stderr += data;
    });
    child.on('error', reject);
    child.on('close', code => resolve({ code: code ?? -1, stdout: Buffer.concat(stdout), stderr }));
  });

/** A packet as ffprobe reads it. */
interface ProbedPacket {
  stream_index: number;
  pts_time: string;
  duration_time: string;
  size: string;
  flags: string;
}

interface Probed {
  streams: (ProbedStream & { index: number })[];
  packets: ProbedPacket[];
}

/** What ffprobe has said, by path, time and size: it takes longer to start than to read a file, and is often asked again. */
const said = new Map<string, Promise<Probed>>();

const ask = async (path: string): Promise<Probed> => {
  const packet = 'packet=stream_index,pts_time,duration_time,size,flags';
  const what = ['-count_packets', '-show_streams', '-show_packets', '-show_entries', packet];
  const { stdout, stderr, code } = await run('ffprobe', ['-v', 'error', ...what, '-of', 'json', path]);
  if (code !== 0) throw new Error(`ffprobe ${path}: ${stderr}`);
  return JSON.parse(stdout.toString()) as Probed;
};

const probed = async (path: string): Promise<Probed> => {
  const { mtimeMs, size } = await stat(path);
  const version = `${path} ${mtimeMs} ${size}`;
  const answer = said.get(version) ?? ask(path);
  said.set(version, answer);
  return answer;
};

/** Streams of a file, with packets counted. */
export const probe = async (path: string): Promise<ProbedStream[]> => (await probed(path)).streams;

/**
 * What `ffmpeg -v error` prints while it decodes all of a file: nothing, if the file is sound.
 *
 * @param unsteady the frames came at uneven times. ffmpeg's null output counts in frames of the rate that it
 * guesses, and complains of its own rounding when two frames are closer together than that.
 */
export const decodeErrors = async (path: string, unsteady: boolean): Promise<string> => {
  const clock = unsteady ? ['-enc_time_base', '-1'] : [];
  const { stderr, code } = await run('ffmpeg', ['-v', 'error', '-i', path, ...clock, '-f', 'null', '-']);
  return code === 0 ? stderr : `exit ${code}: ${stderr}`;
};

/** Luma of every frame as it is stored, not rotated. */
export const decodeLuma = async (path: string, width: number, height: number): Promise<Uint8Array[]> => {
  const args = ['-v', 'error', '-noautorotate', '-i', path, '-an', '-fps_mode', 'passthrough'];
  const { stdout } = await run('ffmpeg', [...args, '-f', 'rawvideo', '-pix_fmt', 'gray', '-']);
  const size = width * height;
  return Array.from({ length: Math.floor(stdout.length / size) }, (_, i) =>
    stdout.subarray(i * size, (i + 1) * size),
  );
};

/** The counter painted into each frame, in order; -1 where none can be read. */
export const readCounters = async (path: string, width: number, height: number): Promise<number[]> =>
  (await decodeLuma(path, width, height)).map(luma => readCounter(luma, width, width, height) ?? -1);

/** A part of a picture, in fractions of it as it is shown. */
export interface Region {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Mean red, green and blue of parts of every frame, as a player shows it: one list for each frame. */
export const regionColors = async (path: string, regions: readonly Region[]): Promise<number[][][]> => {
  const crops = regions.map(({ x, y, width, height }, i) => {
    const box = `iw*${width}:ih*${height}:iw*${x}:ih*${y}`;
    // To one pixel by the mean of all of them.
    return `[in${i}]crop=${box}:exact=1,format=gbrp,scale=1:1:flags=area,format=rgb24[out${i}]`;
  });
  const split = `[0:v]split=${regions.length}${regions.map((_, i) => `[in${i}]`).join('')}`;
  const stack = `${regions.map((_, i) => `[out${i}]`).join('')}vstack=inputs=${regions.length}[out]`;
  const filter = [split, ...crops, regions.length > 1 ? stack : '[out0]null[out]'].join(';');
  const args = ['-v', 'error', '-i', path, '-an', '-filter_complex', filter, '-map', '[out]'];
  const { stdout } = await run('ffmpeg', [
    ...args,
    '-fps_mode',
    'passthrough',
    '-f',
    'rawvideo',
    '-pix_fmt',
    'rgb24',
    '-',
  ]);
  const size = regions.length * 3;
  return Array.from({ length: Math.floor(stdout.length / size) }, (_, frame) =>
    regions.map((_, i) => [...stdout.subarray(frame * size + i * 3, frame * size + i * 3 + 3)]),
  );
};

/** Samples of a file's audio as 32-bit floats, channels interleaved. */
export const decodeAudio = async (path: string, sampleRate: number, channels: number): Promise<number[]> => {
  const args = [
    '-v',
    'error',
    '-i',
    path,
    '-vn',
    '-ar',
    String(sampleRate),
    '-ac',
    String(channels),
    '-f',
    'f32le',
    '-',
  ];
  const { stdout } = await run('ffmpeg', args);
  return Array.from(
    new Float32Array(stdout.buffer.slice(stdout.byteOffset, stdout.byteOffset + stdout.byteLength)),
  );
};

/** Presentation times and durations of a stream's packets, in seconds. */
export const packets = async (
  path: string,
  stream: 'v' | 'a',
): Promise<{ pts: number; duration: number; size: number; key: boolean }[]> => {
  const { streams, packets: all } = await probed(path);
  const wanted = streams.find(({ codec_type }) => codec_type.startsWith(stream))?.index;
  return all
    .filter(({ stream_index }) => stream_index === wanted)
    .map(p => ({
      pts: Number(p.pts_time),
      duration: Number(p.duration_time),
      size: Number(p.size),
      key: p.flags.startsWith('K'),
    }));
};

/** Mean luma of the middle of every frame, and the frame's time in seconds as the file has it. */
export const brightness = async (path: string): Promise<{ time: number; luma: number }[]> => {
  const filter = 'crop=iw/2:ih/4:iw/4:ih/2,signalstats,metadata=print:key=lavfi.signalstats.YAVG:file=-';
  const args = ['-v', 'error', '-copyts', '-i', path, '-an', '-vf', filter, '-fps_mode', 'passthrough'];
  const { stdout } = await run('ffmpeg', [...args, '-f', 'null', '/dev/null']);
  const found = stdout.toString().matchAll(/pts_time:(\S+)\s+lavfi\.signalstats\.YAVG=(\S+)/g);
  return [...found].map(([, time, luma]) => ({ time: Number(time), luma: Number(luma) }));
};

/** Times in seconds at which decoded pieces of a file's audio begin, as the file has them, and their samples. */
const soundFrames = async (path: string): Promise<{ time: number; samples: number }[]> => {
  const entries = ['-show_entries', 'frame=pts_time,nb_samples', '-of', 'csv=p=0'];
  const { stdout } = await run('ffprobe', ['-v', 'error', '-select_streams', 'a', ...entries, path]);
  return [...stdout.toString().matchAll(/^([-\d.]+),(\d+)/gm)].map(([, time, samples]) => ({
    time: Number(time),
    samples: Number(samples),
  }));
};

/** A file's audio, mixed down to one channel of 32-bit floats, and where in the file it lies. */
export interface Sound {
  /** Seconds at which the first decoded sample lies, on the file's own timeline. */
  start: number;
  /** Furthest that a decoded piece lies from where the samples before it end; seconds. */
  unevenness: number;
  /** Little-endian 32-bit floats. */
  base64: string;
}

export const decodeSound = async (path: string, sampleRate: number): Promise<Sound> => {
  const frames = await soundFrames(path);
  const start = frames[0]?.time ?? 0;
  let [end, unevenness] = [start, 0];
  for (const { time, samples } of frames) {
    unevenness = Math.max(unevenness, Math.abs(time - end));
    end += samples / sampleRate;
  }
  const args = ['-v', 'error', '-i', path, '-vn', '-ar', String(sampleRate), '-ac', '1', '-f', 'f32le', '-'];
  const { stdout } = await run('ffmpeg', args);
  return { start, unevenness, base64: stdout.toString('base64') };
};

/** Seconds at which sound begins after half a second of silence, as the file has them. */
export const beeps = async (path: string): Promise<number[]> => {
  const args = [
    '-hide_banner',
    '-nostats',
    '-copyts',
    '-i',
    path,
    '-vn',
    '-af',
    'silencedetect=noise=-20dB:d=0.5',
  ];
  const { stderr } = await run('ffmpeg', [...args, '-f', 'null', '-']);
  const found = [...stderr.matchAll(/silence_(start|end): (\S+)/g)];
  // Where the file ends, a silence ends too, and no sound begins.
  return found
    .filter(([, what], i) => what === 'end' && i < found.length - 1)
    .map(([, , time]) => Number(time));
};
