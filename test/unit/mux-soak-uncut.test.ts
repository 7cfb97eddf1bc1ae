/** One file of 26 hours and more than 4 GiB: times and offsets that 32 bits can't hold. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Mp4Writer } from '../../src/mux/mp4-writer.ts';
import { decodeLuma, type ProbedStream, run } from '../support/media.ts';
import { type FileTrack, readFragments } from './mux-fragments.ts';
import { type Clip, makeClip, md5, UPRIGHT, Written, withFile } from './mux-kit.ts';
import { opusHead, SparseFile, usedMemory } from './mux-soak-kit.ts';

const HOUR = 3600;
/** Ticks in a second of the tracks: 2^32 of them are 20.7 hours of video and 24.9 of audio. */
const VIDEO_TIMESCALE = 57_600;
const AUDIO_TIMESCALE = 48_000;
const SECONDS = 26 * HOUR;
const FRAME = 2;
const FRAMES = SECONDS / FRAME;
/** Frames from one key frame to the next. */
const GROUP = 4;
/** The longest packet that Opus has. */
const PIECE = 0.12;
const DELAY = 0.0065;
/** Bytes that follow each key frame: with them the file is larger than 4 GiB. */
const FILLER = 400_000;
/** The file begins late on the timeline. */
const START = 10 * HOUR;
const PAST_32_BITS = 2 ** 32;

const microseconds = (seconds: number): number => Math.round(seconds * 1e6);

let clip: Clip;
let folder: string;
let path: string;
let file: SparseFile;
let audioPackets = 0;
const errors: unknown[] = [];
const memory: number[] = [];

/** A picture of the clip, and behind it a filler (ITU-T H.264, 7.3.2.7) with the packet's number and zeros. */
const videoData = (number: number): Uint8Array => {
  const picture = clip.video[number % GROUP]?.data ?? new Uint8Array();
  const filler = 5 + (number % GROUP === 0 ? FILLER : 0);
  const data = new Uint8Array(picture.length + 4 + filler);
  data.set(picture);
  const view = new DataView(data.buffer, picture.length);
  view.setUint32(0, filler);
  view.setUint8(4, 0x0c);
  view.setUint32(5, number);
  return data;
};

/** Two frames of 60 ms and the same size (RFC 6716, 3.2.3); the packet's number in their place. */
const audioData = (number: number): Uint8Array => {
  const data = Uint8Array.of(0x1d, 0, 0, 0, 0);
  new DataView(data.buffer).setUint32(1, number);
  return data;
};

const audioTime = (number: number): number => number * PIECE - DELAY;

const feedFrame = (writer: Mp4Writer, number: number): void => {
  const type = number % GROUP === 0 ? 'key' : 'delta';
  const timestamp = microseconds(START + number * FRAME);
  writer.addVideo({ data: videoData(number), timestamp, type }, number === 0 ? clip.videoConfig : undefined);
  const config = {
    codec: 'opus',
    sampleRate: AUDIO_TIMESCALE,
    numberOfChannels: 2,
    description: opusHead(2, AUDIO_TIMESCALE),
  };
  for (; audioTime(audioPackets) < (number + 1) * FRAME; audioPackets++) {
    const begins = microseconds(START + audioTime(audioPackets));
    const packet = { data: audioData(audioPackets), timestamp: begins, duration: microseconds(PIECE) };
    writer.addAudio(packet, audioPackets === 0 ? config : undefined, 'opus');
  }
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'steadyreel-uncut-'));
  path = join(folder, 'file.mp4');
  [clip, file] = [await makeClip('opus'), new SparseFile(path)];
  const setup = { video: UPRIGHT, audio: true };
  const writer = new Mp4Writer(microseconds(START), setup, {
    onBytes: bytes => file.append(bytes),
    onError: error => errors.push(error),
  });
  for (let number = 0; number < FRAMES; number++) {
    feedFrame(writer, number);
    // What was fed is written, as it would be in a page: nothing waits here that would not wait there.
    await new Promise(resolve => setImmediate(resolve));
    if (number === HOUR / FRAME || number === FRAMES - 1) memory.push(await usedMemory());
  }
  writer.closeVideo(microseconds(START + SECONDS));
  writer.closeAudio();
  await writer.finish();
  file.seal();
}, 120_000);

// To let go of a file in so many pieces takes a slow disk longer than the usual ten seconds.
afterAll(async () => {
  file.close();
  await rm(folder, { recursive: true, force: true });
}, 120_000);

/** Reads all of the file; `wrong` is what is not as it was fed. */
const readAll = (): { tracks: FileTrack[]; wrong: string[] } => {
  const wrong: string[] = [];
  const read = file.read.bind(file);
  const { tracks } = readFragments(read, file.size, ({ kind, timescale, samples, leftOut }, sample) => {
    const video = kind === 'video';
    const before = video ? (clip.video[samples % GROUP]?.data.length ?? 0) + 5 : 1;
    const number = read(sample.offset + before, 4).readUInt32BE(0);
    const time = (sample.time - leftOut) / timescale;
    const expected = video ? samples * FRAME : audioTime(samples);
    const key = !video || samples % GROUP === 0;
    if (Math.abs(time - expected) > 1e-6 || number !== samples || sample.key !== key)
      wrong.push(`${kind} ${samples}: number ${number} at ${time}, key: ${sample.key}`);
  });
  return { tracks, wrong };
};

/** What ffprobe says of the streams from the index and the last fragments, without reading all of the file. */
const streamsOf = async (): Promise<ProbedStream[]> => {
  const { stdout } = await run('ffprobe', ['-v', 'error', '-show_streams', '-of', 'json', path]);
  return (JSON.parse(stdout.toString()) as { streams: ProbedStream[] }).streams;
};

interface ProbedPacket {
  codec_type: 'video' | 'audio';
  pts_time: string;
  flags: string;
  /** Where its data lies in the file. */
  pos: string;
  data_hash: string;
}

/**
 * The packets that ffprobe finds when it seeks to a time. It stops at the first that begins later than asked, and each
 * fragment has its video first, so that it is asked for two fragments more.
 */
const packetsFrom = async (from: number, to: number): Promise<ProbedPacket[]> => {
  const entries = 'packet=codec_type,pts_time,flags,pos,data_hash';
  const what = ['-show_data_hash', 'md5', '-show_entries', entries, '-of', 'json'];
  const interval = ['-read_intervals', `${from}%${to + 2 * GROUP * FRAME}`];
  const { stdout, stderr } = await run('ffprobe', ['-v', 'error', ...interval, ...what, path]);
  expect(stderr).toBe('');
  return (JSON.parse(stdout.toString()) as { packets: ProbedPacket[] }).packets;
};

/** They must be what was fed, each at its time, and all that begin between the two times. */
const expectFed = (packets: readonly ProbedPacket[], from: number, to: number): void => {
  for (const [kind, step, offset] of [
    ['video', FRAME, 0],
    ['audio', PIECE, DELAY],
  ] as const) {
    const found = packets.filter(packet => packet.codec_type === kind);
    const numbers = found.map(packet => Math.round((Number(packet.pts_time) + offset) / step));
    const first = numbers[0] ?? Number.NaN;
    expect(numbers).toEqual(numbers.map((_, i) => first + i));
    expect(first * step - offset).toBeLessThanOrEqual(from + step);
    expect((first + numbers.length) * step - offset).toBeGreaterThanOrEqual(to);
    for (const [i, number] of numbers.entries()) {
      const data = kind === 'video' ? videoData(number) : audioData(number);
      expect(found[i]?.data_hash).toBe(`MD5:${md5(data)}`);
      expect(Number(found[i]?.pts_time)).toBeCloseTo(number * step - offset, 5);
      expect(found[i]?.flags.startsWith('K')).toBe(kind === 'audio' || number % GROUP === 0);
    }
  }
};

describe('a file of 26 hours and more than 4 GiB', () => {
  it('has every packet at its time and in its place, and an index of them, as its boxes say', () => {
    expect(errors).toEqual([]);
    const { tracks, wrong } = readAll();
    expect(wrong).toEqual([]);
    expect(tracks.map(({ samples }) => samples)).toEqual([FRAMES, audioPackets]);
    expect(tracks.map(({ timescale }) => timescale)).toEqual([VIDEO_TIMESCALE, AUDIO_TIMESCALE]);
    expect(file.size).toBeGreaterThan(PAST_32_BITS);
    for (const { end } of tracks) expect(end).toBeGreaterThan(PAST_32_BITS);
  });

  it('has them there for ffprobe, which seeks to where ticks need more than 32 bits, and to the end', async () => {
    const times = [VIDEO_TIMESCALE, AUDIO_TIMESCALE].map(timescale => PAST_32_BITS / timescale);
    for (const time of [...times, SECONDS - 4])
      expectFed(await packetsFrom(time - 4, time + 4), time - 4, time + 4);
  });

  it('has them there for ffprobe where offsets need more than 32 bits', async () => {
    // Each fragment takes as much as the next.
    const time = SECONDS * (PAST_32_BITS / file.size);
    const packets = await packetsFrom(time - 8, time + 8);
    expectFed(packets, time - 8, time + 8);
    const places = packets.map(({ pos }) => Number(pos));
    expect(Math.min(...places)).toBeLessThan(PAST_32_BITS);
    expect(Math.max(...places)).toBeGreaterThan(PAST_32_BITS);
  });

  it('is as long as its media, by ffprobe and, where it is installed, by MediaInfo', async () => {
    const [video, audio] = await streamsOf();
    expect(Number(video?.duration)).toBe(SECONDS);
    expect(Number(audio?.duration)).toBeCloseTo(audioTime(audioPackets) + DELAY, 4);
    const said = await run('mediainfo', ['--Inform=Video;%Duration%', path]).catch(() => undefined);
    if (said) expect(Number(said.stdout)).toBe(SECONDS * 1000);
  });

  it('shows its last pictures when it is decoded from there', async () => {
    const written = new Written({ video: UPRIGHT, audio: false });
    written.addVideo(clip, clip.video.slice(0, GROUP));
    const pictures = await withFile(await written.finish(microseconds(1)), short =>
      decodeLuma(short, 320, 240),
    );
    expect(pictures).toHaveLength(GROUP);
    const seek = ['-ss', String(SECONDS - GROUP * FRAME), '-i', path, '-an', '-fps_mode', 'passthrough'];
    const raw = ['-f', 'rawvideo', '-pix_fmt', 'gray', '-'];
    const { stdout, stderr } = await run('ffmpeg', ['-v', 'error', ...seek, ...raw]);
    expect(stderr).toBe('');
    expect(stdout.equals(Buffer.concat(pictures))).toBe(true);
  });

  it('costs no memory for each of its packets, only for its movie fragments', () => {
    const [afterAnHour = 0, atTheEnd = Infinity] = memory;
    // 11,700 fragments in two tracks, and 826,801 packets, each of which would cost 150 bytes.
    expect(atTheEnd - afterAnHour).toBeLessThan(30_000_000);
  });
});
