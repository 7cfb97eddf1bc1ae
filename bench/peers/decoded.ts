/** What ffmpeg makes of a file: which frames are in it, and how they are shown. */
import { stat } from 'node:fs/promises';
import { readCounter } from '../../demo/test-pattern/counter.ts';
import { probe, run } from '../../test/support/media.ts';

/** Of every frame, small is enough: the counter can be read from a picture of 160 pixels. */
const [WIDTH, HEIGHT] = [320, 180];

/** A frame as it comes out of the decoder. */
export interface Decoded {
  /** The number painted into it; -1 where none can be read. */
  number: number;
  width: number;
  height: number;
  /** Clockwise; of the file. */
  rotation: number;
  fullRange: boolean;
}

const clockwise = (rotation: number | undefined): number => ((-(rotation ?? 0) % 360) + 360) % 360 || 0;

/** All frames of a file, in order, with how many errors the decoder told of, and what the codec is. */
export const decode = async (
  path: string,
): Promise<{ frames: Decoded[]; errors: number; codec: string; audio: string; bytes: number }> => {
  const streams = await probe(path).catch(() => []);
  const video = streams.find(({ codec_type }) => codec_type === 'video');
  const sides = video?.side_data_list?.map(({ rotation }) => rotation) ?? [];
  const rotation = clockwise(sides.find(side => side !== undefined));
  const filter = `showinfo=checksum=0,scale=${WIDTH}:${HEIGHT}:flags=area`;
  const { stdout, stderr } = await run('ffmpeg', [
    ...['-hide_banner', '-nostats', '-loglevel', 'level+info', '-noautorotate', '-i', path, '-an'],
    ...['-vf', filter, '-fps_mode', 'passthrough', '-f', 'rawvideo', '-pix_fmt', 'gray', '-'],
  ]);
  const sizes = [...stderr.matchAll(/ pos:.* s:(\d+)x(\d+) /g)].map(([, width, height]) => ({
    ...{ width: Number(width), height: Number(height) },
  }));
  const ranges = [...stderr.matchAll(/color_range:(\w+)/g)].map(([, range]) => range === 'pc');
  const size = WIDTH * HEIGHT;
  const frames = Array.from({ length: Math.floor(stdout.length / size) }, (_, i) => ({
    ...(sizes[i] ?? { width: 0, height: 0 }),
    fullRange: ranges[i] ?? false,
    number: readCounter(stdout.subarray(i * size, (i + 1) * size), WIDTH, WIDTH, HEIGHT) ?? -1,
    rotation,
  }));
  // The decoder's own: ffmpeg's output also complains, of frames that are closer together than its clock can tell.
  const errors = [...stderr.matchAll(/^\[(?:h264|hevc|vp8|vp9|av1|libdav1d) @ \w+\] \[(?:error|fatal)\]/gm)]
    .length;
  const audio = streams.find(({ codec_type }) => codec_type === 'audio');
  const bytes = await stat(path).then(
    ({ size: all }) => all,
    () => 0,
  );
  const codec = [video?.codec_name ?? 'none', video?.profile ?? ''].join(' ').trim();
  return { frames, errors, codec, audio: audio?.codec_name ?? 'none', bytes };
};
