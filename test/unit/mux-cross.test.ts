/** The same packets through our writer and through mp4-muxer, a muxer of other code: the same samples. */
import fc from 'fast-check';
import { ArrayBufferTarget, Muxer } from 'mp4-muxer';
import { beforeAll, describe, expect, it } from 'vitest';
import type { AudioCodecFamily, AudioPacket, VideoPacket } from '../../src/media.ts';
import { decodeErrors } from '../support/media.ts';
import {
  type Clip,
  makeClip,
  type ReadSample,
  readByFfprobe,
  readByMp4box,
  UPRIGHT,
  Written,
  withFile,
} from './mux-kit.ts';

const clips = new Map<AudioCodecFamily, Clip>();
beforeAll(async () => {
  const made = await Promise.all([makeClip('opus'), makeClip('aac')]);
  // mp4-muxer has no edit lists: both muxers get audio that begins with the file.
  for (const clip of made) clips.set(clip.audioFamily, { ...clip, audio: fromZero(clip.audio) });
});

const fromZero = (packets: readonly AudioPacket[]): AudioPacket[] => {
  const first = packets[0]?.timestamp ?? 0;
  return packets.map(packet => ({ ...packet, timestamp: packet.timestamp - first }));
};

const clipOf = (family: AudioCodecFamily): Clip => {
  const clip = clips.get(family);
  if (!clip) throw new Error('the clip was not made');
  return clip;
};

const byMp4Muxer = (clip: Clip): Uint8Array => {
  const { video, videoConfig, videoEnd, audio, audioConfig, audioFamily } = clip;
  const { sampleRate, numberOfChannels } = audioConfig;
  const { codedWidth: width = 0, codedHeight: height = 0 } = videoConfig;
  const target = new ArrayBufferTarget();
  const muxer = new Muxer({
    target,
    fastStart: 'fragmented',
    video: { codec: 'avc', width, height },
    audio: { codec: audioFamily, sampleRate, numberOfChannels },
  });
  const duration = ({ timestamp }: VideoPacket, i: number): number =>
    (video[i + 1]?.timestamp ?? videoEnd) - timestamp;
  const adds = [
    ...video.map((packet, i) => ({
      time: packet.timestamp,
      add: () =>
        muxer.addVideoChunkRaw(packet.data, packet.type, packet.timestamp, duration(packet, i), {
          decoderConfig: videoConfig,
        }),
    })),
    ...audio.map(packet => ({
      time: packet.timestamp,
      add: () =>
        muxer.addAudioChunkRaw(packet.data, 'key', packet.timestamp, packet.duration, {
          decoderConfig: audioConfig,
        }),
    })),
  ];
  for (const { add } of adds.sort((a, b) => a.time - b.time)) add();
  muxer.finalize();
  return new Uint8Array(target.buffer);
};

const byUs = async (clip: Clip): Promise<Uint8Array> => {
  const written = new Written({ video: UPRIGHT, audio: true });
  written.addVideo(clip);
  written.addAudio(clip);
  const bytes = await written.finish(clip.videoEnd);
  expect(written.errors).toEqual([]);
  return bytes;
};

/** A tick of mp4-muxer's clock for video; ours, and those for audio, are as fine or finer. */
const TICK = 1 / 48_000;

const expectSame = (ours: readonly ReadSample[], theirs: readonly ReadSample[]): void => {
  expect(ours.map(sample => sample.data)).toEqual(theirs.map(sample => sample.data));
  expect(ours.map(sample => sample.key)).toEqual(theirs.map(sample => sample.key));
  for (const [i, { time, duration }] of ours.entries()) {
    const other = theirs[i];
    expect(Math.abs(time - (other?.time ?? Number.NaN))).toBeLessThanOrEqual(TICK);
    // ffprobe knows no durations of Opus packets in either file.
    if (Number.isNaN(duration)) expect(other?.duration).toBeNaN();
    else expect(Math.abs(duration - (other?.duration ?? Number.NaN))).toBeLessThanOrEqual(TICK);
  }
};

describe.each(['opus', 'aac'] as const)('H.264 and %s', family => {
  it('the same samples by ffprobe: data, times, key frames and durations', async () => {
    const clip = clipOf(family);
    const ours = await byUs(clip);
    const theirs = byMp4Muxer(clip);
    const [a, b] = await Promise.all([readByFfprobe(ours), readByFfprobe(theirs)]);
    expect([a.video.length, a.audio.length]).toEqual([clip.video.length, clip.audio.length]);
    expectSame(a.video, b.video);
    expectSame(a.audio, b.audio);
    for (const bytes of [ours, theirs])
      expect(await withFile(bytes, path => decodeErrors(path, false))).toBe('');
  });

  it('the same samples by mp4box', async () => {
    const clip = clipOf(family);
    const [a, b] = [readByMp4box(await byUs(clip)), readByMp4box(byMp4Muxer(clip))];
    expect([a.video.length, a.audio.length]).toEqual([clip.video.length, clip.audio.length]);
    expectSame(a.video, b.video);
    expectSame(a.audio, b.audio);
  });
});

describe('live frames', () => {
  it('of any steps between a millisecond and a second: the same samples', async () => {
    const clip = clipOf('opus');
    const steps = fc.array(fc.integer({ min: 1_000, max: 1_000_000 }), {
      minLength: clip.video.length,
      maxLength: clip.video.length,
    });
    await fc.assert(
      fc.asyncProperty(steps, async all => {
        let time = 0;
        const video = clip.video.map((packet, i) => {
          const timestamp = time;
          time += all[i] ?? 0;
          return { ...packet, timestamp };
        });
        const live = { ...clip, video, videoEnd: time };
        const [a, b] = [readByMp4box(await byUs(live)), readByMp4box(byMp4Muxer(live))];
        expect(a.video.length).toBe(video.length);
        expectSame(a.video, b.video);
        expectSame(a.audio, b.audio);
      }),
      { numRuns: 10 },
    );
  });
});
