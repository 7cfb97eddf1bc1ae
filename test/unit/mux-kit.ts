/** What the tests of the muxer share: a real clip in packets, and two independent readers of MP4. */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ALL_FORMATS,
  BufferSource,
  EncodedPacketSink,
  Input,
  type InputAudioTrack,
  type InputVideoTrack,
} from 'mediabunny';
import { createFile, MP4BoxBuffer, type Sample } from 'mp4box';
import type { AudioCodecFamily, AudioPacket, VideoPacket } from '../../src/media.ts';
import { Mp4Writer, type VideoTrackSetup } from '../../src/mux/mp4-writer.ts';
import { run } from '../support/media.ts';

/** A clip as encoders give it out. Times are microseconds from its beginning. */
export interface Clip {
  video: VideoPacket[];
  videoConfig: VideoDecoderConfig;
  /** Where the last frame ends. */
  videoEnd: number;
  audio: AudioPacket[];
  audioConfig: AudioDecoderConfig;
  audioFamily: AudioCodecFamily;
}

/** One sample of a file, in seconds, as a reader sees it. */
export interface ReadSample {
  time: number;
  duration: number;
  key: boolean;
  /** MD5 of its data. */
  data: string;
}

export const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');

const inFolder = async <T>(work: (folder: string) => Promise<T>): Promise<T> => {
  const folder = await mkdtemp(join(tmpdir(), 'steadyreel-mux-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const microseconds = (seconds: number): number => Math.round(seconds * 1e6);

const packetsOf = async (track: InputVideoTrack | InputAudioTrack) => {
  const found: { data: Uint8Array; timestamp: number; duration: number; type: 'key' | 'delta' }[] = [];
  for await (const { data, timestamp, duration, type } of new EncodedPacketSink(track).packets()) {
    found.push({ data, timestamp: microseconds(timestamp), duration: microseconds(duration), type });
  }
  return found;
};

/** Three seconds of a test picture and a tone: 320x240 at 25 frames a second, a key frame each second. */
export const makeClip = (audioFamily: AudioCodecFamily): Promise<Clip> =>
  inFolder(async folder => {
    const path = join(folder, 'clip.mp4');
    const seconds = '3';
    const { code, stderr } = await run('ffmpeg', [
      ...['-v', 'error', '-f', 'lavfi', '-t', seconds, '-i', 'testsrc=size=320x240:rate=25'],
      ...['-f', 'lavfi', '-t', seconds, '-i', 'sine=frequency=440:sample_rate=48000'],
      // No B-frames: encoders of live pictures give them out in the order in which they are shown.
      ...['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '0', '-g', '25', '-pix_fmt', 'yuv420p'],
      ...['-c:a', audioFamily === 'opus' ? 'libopus' : 'aac', '-ac', '2', path],
    ]);
    if (code !== 0) throw new Error(`ffmpeg: ${stderr}`);
    const input = new Input({ formats: ALL_FORMATS, source: new BufferSource(await readFile(path)) });
    const [videoTrack, audioTrack] = [await input.getPrimaryVideoTrack(), await input.getPrimaryAudioTrack()];
    const videoConfig = await videoTrack?.getDecoderConfig();
    const audioConfig = await audioTrack?.getDecoderConfig();
    if (!videoTrack || !audioTrack || !videoConfig || !audioConfig) throw new Error('a track is missing');
    const video = await packetsOf(videoTrack);
    const videoEnd = video.reduce((end, packet) => Math.max(end, packet.timestamp + packet.duration), 0);
    const audio = await packetsOf(audioTrack);
    return { video, videoConfig, videoEnd, audio, audioConfig, audioFamily };
  });

/** Writes a file in memory. */
export class Written {
  readonly pieces: Uint8Array[] = [];
  readonly errors: unknown[] = [];
  opened = 0;
  readonly writer: Mp4Writer;

  constructor(
    setup: { video: VideoTrackSetup | undefined; audio: boolean },
    readonly startTime = 0,
  ) {
    this.writer = new Mp4Writer(startTime, setup, {
      onBytes: bytes => this.pieces.push(bytes.slice()),
      onOpen: () => this.opened++,
      onError: error => this.errors.push(error),
    });
  }

  get bytes(): Buffer {
    return Buffer.concat(this.pieces);
  }

  /** Adds packets of a clip, which begins at `startTime`. */
  addVideo(clip: Clip, packets: readonly VideoPacket[] = clip.video): void {
    for (const packet of packets) {
      const timestamp = packet.timestamp + this.startTime;
      this.writer.addVideo({ ...packet, timestamp }, packet === clip.video[0] ? clip.videoConfig : undefined);
    }
  }

  addAudio(clip: Clip, packets: readonly AudioPacket[] = clip.audio): void {
    for (const packet of packets) {
      const timestamp = packet.timestamp + this.startTime;
      const config = packet === clip.audio[0] ? clip.audioConfig : undefined;
      this.writer.addAudio({ ...packet, timestamp }, config, clip.audioFamily);
    }
  }

  async finish(videoEnd: number): Promise<Buffer> {
    this.writer.closeVideo(videoEnd + this.startTime);
    this.writer.closeAudio();
    await this.writer.finish();
    return this.bytes;
  }
}

export const UPRIGHT: VideoTrackSetup = { family: 'avc', rotation: 0, flip: false };

/** Puts bytes into a file for a program to look at. */
export const withFile = <T>(bytes: Uint8Array, look: (path: string) => Promise<T>): Promise<T> =>
  inFolder(async folder => {
    const path = join(folder, 'file.mp4');
    await writeFile(path, bytes);
    return look(path);
  });

/** The samples of the tracks of a file by their kind, as ffprobe reads them. */
export const readByFfprobe = (bytes: Uint8Array): Promise<Record<'video' | 'audio', ReadSample[]>> =>
  withFile(bytes, async path => {
    const entries = 'packet=codec_type,pts_time,duration_time,flags,data_hash';
    const args = ['-v', 'error', '-show_data_hash', 'md5', '-show_entries', entries, '-of', 'json', path];
    const { stdout, stderr, code } = await run('ffprobe', args);
    if (code !== 0 || stderr !== '') throw new Error(`ffprobe: ${stderr}`);
    const listed = JSON.parse(stdout.toString()) as { packets: Record<string, string>[] };
    const samples: Record<'video' | 'audio', ReadSample[]> = { video: [], audio: [] };
    for (const packet of listed.packets) {
      samples[packet.codec_type as 'video' | 'audio'].push({
        time: Number(packet.pts_time),
        duration: Number(packet.duration_time),
        key: packet.flags?.startsWith('K') ?? false,
        data: (packet.data_hash ?? '').replace(/^MD5:/i, ''),
      });
    }
    return samples;
  });

/** The samples of the tracks of a file by their kind, as mp4box reads them; it does not look at edit lists. */
export const readByMp4box = (bytes: Uint8Array): Record<'video' | 'audio', ReadSample[]> => {
  const file = createFile();
  const samples: Record<'video' | 'audio', ReadSample[]> = { video: [], audio: [] };
  const take = (kind: 'video' | 'audio', found: readonly Sample[]): void => {
    for (const { cts, duration, timescale, is_sync, data } of found) {
      if (!data) throw new Error('a sample without data');
      samples[kind].push({
        time: cts / timescale,
        duration: duration / timescale,
        key: is_sync,
        data: md5(data),
      });
    }
  };
  file.onReady = ({ tracks }) => {
    for (const track of tracks) file.setExtractionOptions(track.id, track.type, { nbSamples: 1 });
    file.start();
  };
  file.onSamples = (_, kind, found) => take(kind as 'video' | 'audio', found);
  const buffer = new Uint8Array(bytes).buffer;
  file.appendBuffer(MP4BoxBuffer.fromArrayBuffer(buffer, 0));
  file.flush();
  return samples;
};
