/** What ffmpeg and ffprobe say of a file: the independent eyes of the tests. */
import { spawn } from 'node:child_process';
import { readCounter } from '../../demo/test-pattern/counter.ts';

/** One stream as ffprobe reads it. */
export interface ProbedStream {
  codec_type: 'video' | 'audio';
  codec_name: string;
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

/** Streams of a file, with packets counted. */
export const probe = async (path: string): Promise<ProbedStream[]> => {
  const args = ['-v', 'error', '-count_packets', '-show_streams', '-of', 'json', path];
  const { stdout, stderr, code } = await run('ffprobe', args);
  if (code !== 0) throw new Error(`ffprobe ${path}: ${stderr}`);
  return (JSON.parse(stdout.toString()) as { streams: ProbedStream[] }).streams;
};

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
  const args = [
    '-v',
    'error',
    '-select_streams',
    stream,
    '-show_entries',
    'packet=pts_time,duration_time,size,flags',
  ];
  const { stdout } = await run('ffprobe', [...args, '-of', 'json', path]);
  const listed = JSON.parse(stdout.toString()) as {
    packets: { pts_time: string; duration_time: string; size: string; flags: string }[];
  };
  return listed.packets.map(p => ({
    pts: Number(p.pts_time),
    duration: Number(p.duration_time),
    size: Number(p.size),
    key: p.flags.startsWith('K'),
  }));
};
