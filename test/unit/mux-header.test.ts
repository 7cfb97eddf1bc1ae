/** What a file says of its tracks before any sample, as two readers of other code understand it. */
import { ALL_FORMATS, BufferSource, Input } from 'mediabunny';
import { createFile, type Movie, MP4BoxBuffer } from 'mp4box';
import { describe, expect, it } from 'vitest';
import type { AudioCodecFamily } from '../../src/media.ts';
import { Mp4Writer, type VideoTrackSetup } from '../../src/mux/mp4-writer.ts';
import { videoTimescale } from '../../src/mux/timescale.ts';
import { findBoxes } from '../support/boxes.ts';
import { aacDescription, opusHead } from '../support/simulated-packets.ts';
import { UPRIGHT } from './mux-kit.ts';

const CREATED = Date.UTC(2026, 0, 5, 9) / 1000;

interface Given {
  setup?: Partial<VideoTrackSetup>;
  config?: Partial<VideoDecoderConfig>;
  audio?: { family: AudioCodecFamily; config: AudioDecoderConfig };
}

/** A file with a frame, and a packet of sound where asked for. */
const write = ({ setup, config, audio }: Given): Buffer => {
  const pieces: Uint8Array[] = [];
  const errors: unknown[] = [];
  const writer = new Mp4Writer(
    0,
    { video: { ...UPRIGHT, ...setup }, audio: audio !== undefined, createdAt: CREATED },
    { onBytes: bytes => pieces.push(bytes), onError: error => errors.push(error) },
  );
  const data = Uint8Array.from([0, 0, 0, 1, 0x65]);
  const video = { codec: 'avc1.42c01f', codedWidth: 640, codedHeight: 360, ...config };
  writer.addVideo({ data, timestamp: 0, type: 'key' }, video);
  if (audio) writer.addAudio({ data, timestamp: 0, duration: 20_000 }, audio.config, audio.family);
  writer.closeVideo(40_000);
  writer.closeAudio();
  writer.finish();
  expect(errors).toEqual([]);
  return Buffer.concat(pieces);
};

const byMp4box = (bytes: Buffer): Movie => {
  const file = createFile();
  let movie: Movie | undefined;
  file.onReady = info => {
    movie = info;
  };
  file.appendBuffer(MP4BoxBuffer.fromArrayBuffer(new Uint8Array(bytes).buffer, 0));
  file.flush();
  if (!movie) throw new Error('mp4box does not understand the file');
  return movie;
};

const byMediabunny = async (bytes: Buffer) => {
  const input = new Input({ formats: ALL_FORMATS, source: new BufferSource(bytes) });
  const [video, audio] = [await input.getPrimaryVideoTrack(), await input.getPrimaryAudioTrack()];
  if (!video) throw new Error('mediabunny finds no video');
  return { video, audio };
};

/** SPS and PPS of any sort in an `avcC`. */
const avcC = Uint8Array.from([
  1, 0x42, 0xc0, 0x1f, 0xff, 0xe1, 0, 4, 0x67, 0x42, 0xc0, 0x1f, 1, 0, 2, 0x68, 0xce,
]);
const AVC = { description: avcC };

describe('video', () => {
  it.each([
    ['vp9', 'vp09.00.31.08', {}],
    ['vp9', 'vp09.02.40.10', {}],
    ['av1', 'av01.0.05M.08', {}],
    ['av1', 'av01.0.13H.10', {}],
  ] as const)('%s as %s', async (family, codec, config) => {
    const bytes = write({ setup: { family }, config: { codec, ...config } });
    const { video } = await byMediabunny(bytes);
    expect(await video.getCodecParameterString()).toMatch(codec);
    expect(byMp4box(bytes).videoTracks[0]?.codec).toMatch(codec.slice(0, 13));
  });

  it('vp8', async () => {
    const bytes = write({ setup: { family: 'vp8' }, config: { codec: 'vp8' } });
    const { video } = await byMediabunny(bytes);
    expect(video.codec).toBe('vp8');
    expect(byMp4box(bytes).videoTracks[0]?.codec).toMatch(/^vp08/);
  });

  it('AVC by its description, byte for byte', () => {
    const bytes = write({ config: AVC });
    const [found] = findBoxes(bytes, ['moov', 'trak', 'mdia', 'minf', 'stbl', 'stsd', 'avc1', 'avcC']);
    expect(found && Uint8Array.from(found)).toEqual(avcC);
    expect(byMp4box(bytes).videoTracks[0]?.codec).toBe('avc1.42c01f');
  });

  it.each([
    ['bt709', 'bt709', 'bt709', false],
    ['bt709', 'iec61966-2-1', 'bt709', true],
    ['smpte170m', 'smpte170m', 'smpte170m', false],
    ['bt2020', 'pq', 'bt2020-ncl', true],
  ] as const)('colours %s, %s, %s, full range: %s', async (primaries, transfer, matrix, fullRange) => {
    const colorSpace = { primaries, transfer, matrix, fullRange } as VideoColorSpaceInit;
    const { video } = await byMediabunny(write({ config: { ...AVC, colorSpace } }));
    expect(await video.getColorSpace()).toEqual(colorSpace);
  });

  it('no colours where none are known, and "unspecified" for what is not', () => {
    const path = ['moov', 'trak', 'mdia', 'minf', 'stbl', 'stsd', 'avc1', 'colr'];
    expect(findBoxes(write({ config: AVC }), path)).toEqual([]);
    const partly = { ...AVC, colorSpace: { fullRange: true } };
    const [colr] = findBoxes(write({ config: partly }), path);
    expect([...(colr ?? [])].slice(4)).toEqual([0, 2, 0, 2, 0, 2, 0x80]);
  });

  it.each([0, 90, 180, 270] as const)('rotated by %i', async rotation => {
    const bytes = write({ setup: { rotation }, config: AVC });
    const { video } = await byMediabunny(bytes);
    expect(video.rotation).toBe(rotation);
    expect([video.displayWidth, video.displayHeight]).toEqual(rotation % 180 === 0 ? [640, 360] : [360, 640]);
  });

  it.each([0, 90, 180, 270] as const)(
    'all of the picture lies where it is shown, flipped and rotated by %i',
    rotation => {
      for (const flip of [false, true]) {
        const [tkhd] = findBoxes(write({ setup: { rotation, flip }, config: AVC }), ['moov', 'trak', 'tkhd']);
        const at = (i: number): number => (tkhd?.readInt32BE(40 + 4 * i) ?? 0) / 65_536;
        const place = (x: number, y: number): number[] => [
          at(0) * x + at(3) * y + at(6),
          at(1) * x + at(4) * y + at(7),
        ];
        const corners = [place(0, 0), place(640, 0), place(0, 360), place(640, 360)];
        const [width, height] = rotation % 180 === 0 ? [640, 360] : [360, 640];
        expect(Math.min(...corners.map(([x = 0]) => x))).toBe(0);
        expect(Math.max(...corners.map(([x = 0]) => x))).toBe(width);
        expect(Math.min(...corners.map(([, y = 0]) => y))).toBe(0);
        expect(Math.max(...corners.map(([, y = 0]) => y))).toBe(height);
      }
    },
  );

  it('pixels that are no squares', async () => {
    const config = {
      ...AVC,
      codedWidth: 720,
      codedHeight: 576,
      displayAspectWidth: 1024,
      displayAspectHeight: 576,
    };
    const { video } = await byMediabunny(write({ config }));
    expect([video.codedWidth, video.codedHeight]).toEqual([720, 576]);
    expect([video.displayWidth, video.displayHeight]).toEqual([1024, 576]);
  });

  it('says when it was made', () => {
    expect(byMp4box(write({ config: AVC })).created.getTime() / 1000).toBe(CREATED);
  });
});

describe('audio', () => {
  it.each([
    [48_000, 2],
    [44_100, 1],
    [16_000, 1],
  ])('Opus of %i Hz with %i channels: 48,000 ticks in a second', async (sampleRate, numberOfChannels) => {
    const description = opusHead(sampleRate, numberOfChannels);
    const config = { codec: 'opus', sampleRate, numberOfChannels, description };
    const bytes = write({ config: AVC, audio: { family: 'opus', config } });
    const { audio } = await byMediabunny(bytes);
    expect([audio?.codec, audio?.numberOfChannels, audio?.sampleRate]).toEqual([
      'opus',
      numberOfChannels,
      48_000,
    ]);
    const head = await audio?.getDecoderConfig();
    expect(Buffer.from(head?.description as Uint8Array)).toEqual(Buffer.from(description));
    expect(byMp4box(bytes).audioTracks[0]?.timescale).toBe(48_000);
  });

  it.each([
    [48_000, 2],
    [44_100, 2],
    [96_000, 1],
    [8_000, 1],
  ])('AAC of %i Hz with %i channels', async (sampleRate, numberOfChannels) => {
    const description = aacDescription(sampleRate, numberOfChannels);
    const config = { codec: 'mp4a.40.2', sampleRate, numberOfChannels, description };
    const bytes = write({ config: AVC, audio: { family: 'aac', config } });
    const { audio } = await byMediabunny(bytes);
    expect(await audio?.getCodecParameterString()).toBe('mp4a.40.2');
    expect([audio?.numberOfChannels, audio?.sampleRate]).toEqual([numberOfChannels, sampleRate]);
    const [track] = byMp4box(bytes).audioTracks;
    expect([track?.codec, track?.timescale]).toEqual(['mp4a.40.2', sampleRate]);
  });
});

describe('ticks in a second', () => {
  it.each([
    [undefined, 57_600, undefined],
    [30, 30, 1],
    [24, 24, 1],
    [23.976, 24_000, 1001],
    [29.97, 30_000, 1001],
    [59.94, 60_000, 1001],
    [12.5, 12_500, 1000],
  ])('at %s frames per second: %i, %s to a frame', (frameRate, timescale, frame) => {
    expect(videoTimescale(frameRate)).toBe(timescale);
    if (frameRate && frame) expect(Math.round(timescale / frameRate)).toBe(frame);
  });
});
