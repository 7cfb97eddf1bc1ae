/** The MP4 writer, on packets of a real clip; what it wrote is looked at by ffprobe, ffmpeg and mp4box. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Rotation } from '../../src/manifest.ts';
import { findBoxes } from '../support/boxes.ts';
import { decodeErrors, probe, run } from '../support/media.ts';
import {
  type Clip,
  makeClip,
  md5,
  readByFfprobe,
  readByMp4box,
  UPRIGHT,
  Written,
  withFile,
} from './mux-kit.ts';
import { until } from './server-kit.ts';

let clip: Clip;
let aacClip: Clip;
beforeAll(async () => {
  [clip, aacClip] = await Promise.all([makeClip('opus'), makeClip('aac')]);
});

const BOTH = { video: UPRIGHT, audio: true };
const VIDEO_ONLY = { video: UPRIGHT, audio: false };
const AUDIO_ONLY = { video: undefined, audio: true };

const data = (packets: readonly { data: Uint8Array }[]): string[] => packets.map(packet => md5(packet.data));
const seconds = (packets: readonly { timestamp: number }[]): number[] => packets.map(p => p.timestamp / 1e6);
const fragments = (bytes: Buffer): number => findBoxes(bytes, ['moof']).length;

/** Equal within a tick of the coarsest timescale that a file of ours has. */
const expectClose = (got: readonly number[], expected: readonly number[]): void => {
  expect(got.length).toBe(expected.length);
  for (const [i, value] of got.entries())
    expect(Math.abs(value - (expected[i] ?? 0))).toBeLessThan(1 / 16_000);
};

describe('a file with video and audio', () => {
  it.each([0, 7_654_321])(
    'that begins at %i µs: every packet, at its time, and it decodes',
    async startTime => {
      const written = new Written(BOTH, startTime);
      written.addVideo(clip);
      written.addAudio(clip);
      const bytes = await written.finish(clip.videoEnd);
      expect(written.errors).toEqual([]);
      const { video, audio } = await readByFfprobe(bytes);
      expect(video.map(sample => sample.data)).toEqual(data(clip.video));
      expect(audio.map(sample => sample.data)).toEqual(data(clip.audio));
      expectClose(
        video.map(sample => sample.time),
        seconds(clip.video),
      );
      // The first packet begins 6.5 ms before the file: the edit list says so.
      expect(clip.audio[0]?.timestamp).toBe(-6_500);
      expectClose(
        audio.map(sample => sample.time),
        seconds(clip.audio),
      );
      expect(video.map(sample => sample.key)).toEqual(clip.video.map(packet => packet.type === 'key'));
      expect(await withFile(bytes, path => decodeErrors(path, false))).toBe('');
    },
  );

  it('AAC, which begins a frame early', async () => {
    const written = new Written(BOTH);
    written.addVideo(aacClip);
    written.addAudio(aacClip);
    const { audio } = await readByFfprobe(await written.finish(aacClip.videoEnd));
    expect(audio.map(sample => sample.data)).toEqual(data(aacClip.audio));
    expect(audio[0]?.time).toBeLessThan(0);
    expectClose(
      audio.map(sample => sample.time),
      seconds(aacClip.audio),
    );
  });

  it('audio that begins later than the video', async () => {
    const written = new Written(BOTH);
    written.addVideo(clip);
    written.addAudio(
      clip,
      clip.audio.map((packet, i) =>
        i === 0 ? packet : { ...packet, timestamp: packet.timestamp + 400_000 },
      ),
    );
    // The first packet carries the configuration, so it is the one that is early.
    const { audio, video } = await readByFfprobe(await written.finish(clip.videoEnd));
    expect(video[0]?.time).toBe(0);
    expect(audio[1]?.time).toBeCloseTo(0.4135, 4);
    expect(audio).toHaveLength(clip.audio.length);
  });

  it('is the same in whatever order the tracks come', async () => {
    const orders: ((written: Written) => void)[] = [
      written => {
        written.addVideo(clip);
        written.addAudio(clip);
      },
      written => {
        written.addAudio(clip);
        written.addVideo(clip);
      },
      written => {
        for (const packet of [...clip.video, ...clip.audio].sort((a, b) => a.timestamp - b.timestamp)) {
          if ('type' in packet && clip.video.includes(packet)) written.addVideo(clip, [packet]);
          else
            written.addAudio(
              clip,
              clip.audio.filter(other => other === packet),
            );
        }
      },
    ];
    const [first, ...others] = await Promise.all(
      orders.map(async add => {
        const written = new Written(BOTH);
        add(written);
        return readByMp4box(await written.finish(clip.videoEnd));
      }),
    );
    for (const other of others) expect(other).toEqual(first);
    expect(first?.video).toHaveLength(clip.video.length);
    expect(first?.audio).toHaveLength(clip.audio.length);
  });
});

describe('how long frames last', () => {
  it('until the next one, and the last until the end of the file', async () => {
    const times = [0, 33_333, 66_667, 500_000, 501_000, 2_000_000];
    const packets = times.map((timestamp, i) => ({
      ...(clip.video[i] as (typeof clip.video)[0]),
      timestamp,
    }));
    const written = new Written(VIDEO_ONLY);
    for (const [i, packet] of packets.entries())
      written.writer.addVideo(packet, i === 0 ? clip.videoConfig : undefined);
    const bytes = await written.finish(2_750_000);
    // ffprobe takes the durations from the frame rate that the stream names.
    const { video } = readByMp4box(bytes);
    expectClose(
      video.map(sample => sample.time),
      seconds(packets),
    );
    const durations = [33_333, 33_334, 433_333, 1_000, 1_499_000, 750_000].map(duration => duration / 1e6);
    expectClose(
      video.map(sample => sample.duration),
      durations,
    );
    const [stream] = await withFile(bytes, probe);
    expect(Number(stream?.duration)).toBeCloseTo(2.75, 4);
  });

  it('at least a moment, should the file end where its last frame begins', async () => {
    const written = new Written(VIDEO_ONLY);
    written.addVideo(clip, clip.video.slice(0, 2));
    const { video } = readByMp4box(await written.finish(clip.video[1]?.timestamp ?? 0));
    expect(video).toHaveLength(2);
    expect(written.errors).toEqual([]);
  });
});

describe('a file with one track', () => {
  it('video only', async () => {
    const written = new Written(VIDEO_ONLY);
    written.addVideo(clip);
    const bytes = await written.finish(clip.videoEnd);
    expect((await withFile(bytes, probe)).map(stream => stream.codec_name)).toEqual(['h264']);
    expect((await readByFfprobe(bytes)).video.map(sample => sample.data)).toEqual(data(clip.video));
  });

  it('audio only', async () => {
    const written = new Written(AUDIO_ONLY);
    written.addAudio(clip);
    const bytes = await written.finish(0);
    expect((await withFile(bytes, probe)).map(stream => stream.codec_name)).toEqual(['opus']);
    expect((await readByFfprobe(bytes)).audio.map(sample => sample.data)).toEqual(data(clip.audio));
    expect(await withFile(bytes, path => decodeErrors(path, false))).toBe('');
  });

  it.each<[Rotation, boolean]>([
    [90, false],
    [180, false],
    [270, false],
    [0, true],
  ])('rotated by %i, flipped: %s', async (rotation, flip) => {
    const written = new Written({ video: { family: 'avc', rotation, flip }, audio: false });
    written.addVideo(clip, clip.video.slice(0, 25));
    const [stream] = await withFile(await written.finish(1_000_000), probe);
    const [side] = stream?.side_data_list ?? [];
    expect(side?.displaymatrix).toBeDefined();
    // ffprobe names the rotation counter-clockwise.
    if (!flip) expect(((side?.rotation ?? 0) + rotation) % 360).toBe(0);
  });
});

describe('a track that was announced', () => {
  it('holds the file back while its parameters are not known', async () => {
    const written = new Written(BOTH);
    written.addVideo(clip);
    await new Promise(resolve => setImmediate(resolve));
    expect([written.opened, written.pieces.length]).toEqual([0, 0]);
    expect(written.writer.empty).toBe(true);
    written.addAudio(clip);
    expect(written.opened).toBe(1);
    expect(written.writer.empty).toBe(false);
    await written.finish(clip.videoEnd);
  });

  it('and never comes is left out, and holds nothing back once it is closed', async () => {
    const written = new Written(BOTH);
    written.addVideo(clip);
    written.writer.closeAudio();
    await until(() => fragments(written.bytes) >= 2, 'movie fragments are written before the end');
    const bytes = await written.finish(clip.videoEnd);
    expect((await withFile(bytes, probe)).map(stream => stream.codec_type)).toEqual(['video']);
    expect((await readByFfprobe(bytes)).video.map(sample => sample.data)).toEqual(data(clip.video));
  });

  it('the same for video', async () => {
    const written = new Written(BOTH);
    written.addAudio(clip);
    written.writer.closeVideo(0);
    await until(() => fragments(written.bytes) >= 2, 'movie fragments are written before the end');
    const bytes = await written.finish(0);
    expect((await withFile(bytes, probe)).map(stream => stream.codec_type)).toEqual(['audio']);
    expect((await readByFfprobe(bytes)).audio).toHaveLength(clip.audio.length);
  });

  it('and ends early holds nothing back either', async () => {
    const written = new Written(BOTH);
    written.addVideo(clip, clip.video.slice(0, 10));
    written.addAudio(clip, clip.audio.slice(0, 10));
    written.writer.closeAudio();
    written.addVideo(clip, clip.video.slice(10));
    await until(() => fragments(written.bytes) >= 2, 'movie fragments are written before the end');
    const { video, audio } = await readByFfprobe(await written.finish(clip.videoEnd));
    expect([video.length, audio.length]).toEqual([clip.video.length, 10]);
  });

  it('of sound goes on after the picture has ended, and after a gap of an hour', async () => {
    const hour = 3_600_000_000;
    const written = new Written(BOTH);
    written.addVideo(clip);
    written.addAudio(clip);
    written.writer.closeVideo(clip.videoEnd);
    const later = clip.audio.map(packet => ({ ...packet, timestamp: packet.timestamp + hour }));
    written.addAudio(clip, later);
    const { audio } = await readByFfprobe(await written.finish(clip.videoEnd));
    expect(audio).toHaveLength(2 * clip.audio.length);
    expectClose(
      audio.map(sample => sample.time),
      seconds([...clip.audio, ...later]),
    );
  });

  it('none gets a packet: there is nothing to write', async () => {
    const written = new Written(BOTH);
    const bytes = await written.finish(0);
    expect([bytes.length, written.opened, written.writer.empty]).toEqual([0, 0, true]);
    expect(written.errors).toEqual([]);
  });
});

describe('the bytes', () => {
  it('come while the file is written: after the parameters, movie fragments of a second or so', async () => {
    const written = new Written(VIDEO_ONLY);
    written.addVideo(clip, clip.video.slice(0, 60));
    expect(written.opened).toBe(1);
    await until(() => fragments(written.bytes) === 2, 'two seconds are written');
    const before = written.bytes;
    written.addVideo(clip, clip.video.slice(60));
    const bytes = await written.finish(clip.videoEnd);
    expect(bytes.subarray(0, before.length)).toEqual(before);
    expect(fragments(bytes)).toBe(3);
    const order = ['ftyp', 'moov', 'moof'].map(type => bytes.indexOf(type, 0, 'latin1'));
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });

  it('written so far play, although the file was never finished', async () => {
    const written = new Written(BOTH);
    written.addVideo(clip);
    written.addAudio(clip);
    await until(() => fragments(written.bytes) >= 2, 'movie fragments are written');
    const bytes = written.bytes;
    const { video } = await readByFfprobe(bytes);
    expect(video.length).toBeGreaterThanOrEqual(25);
    expect(video.map(sample => sample.data)).toEqual(data(clip.video).slice(0, video.length));
    expect(await withFile(bytes, path => decodeErrors(path, false))).toBe('');
    written.writer.cancel();
  });

  it('of media that is not yet a whole movie fragment are thrown away by cancel(), and that is no error', async () => {
    const written = new Written(BOTH);
    written.addVideo(clip, clip.video.slice(0, 10));
    written.addAudio(clip, clip.audio.slice(0, 10));
    await until(() => written.bytes.length > 0, 'the file is begun');
    written.writer.cancel();
    await written.writer.finish();
    expect(fragments(written.bytes)).toBe(0);
    expect(written.errors).toEqual([]);
  });

  it('of packets that come after cancel() are left out without a word', async () => {
    const written = new Written(BOTH);
    written.addVideo(clip, clip.video.slice(0, 10));
    written.addAudio(clip, clip.audio.slice(0, 10));
    written.writer.cancel();
    written.addVideo(clip, clip.video.slice(10));
    written.addAudio(clip, clip.audio.slice(10));
    expect(fragments(await written.finish(clip.videoEnd))).toBe(0);
    expect(written.errors).toEqual([]);
  });
});

describe('what the muxer refuses', () => {
  it('is told once, and finishing does not reject', async () => {
    const written = new Written(VIDEO_ONLY);
    const [key, ...deltas] = clip.video.slice(0, 5);
    for (const [i, packet] of deltas.entries())
      written.writer.addVideo(packet, i === 0 ? clip.videoConfig : undefined);
    await written.finish(clip.videoEnd);
    expect(key?.type).toBe('key');
    expect(written.errors).toHaveLength(1);
  });
});

describe('what MediaInfo says, where it is installed', () => {
  it('is what ffprobe says', async () => {
    const written = new Written(BOTH);
    written.addVideo(clip);
    written.addAudio(clip);
    const bytes = await written.finish(clip.videoEnd);
    const [byFfprobe, byMediaInfo] = await withFile(bytes, path =>
      Promise.all([
        probe(path),
        run('mediainfo', ['--Output=JSON', path]).then(
          ({ stdout }) => JSON.parse(stdout.toString()).media.track as Record<string, string>[],
          () => undefined,
        ),
      ]),
    );
    const [video, audio] = byFfprobe;
    expect([video?.nb_read_packets, audio?.nb_read_packets]).toEqual([
      String(clip.video.length),
      String(clip.audio.length),
    ]);
    for (const track of byMediaInfo ?? []) {
      if (track['@type'] === 'Video') {
        expect(track).toMatchObject({ Format: 'AVC', Width: '320', Height: '240' });
        expect(Number(track.Duration)).toBeCloseTo(Number(video?.duration), 2);
      }
      if (track['@type'] === 'Audio') expect(track).toMatchObject({ Format: 'Opus' });
    }
  });
});
