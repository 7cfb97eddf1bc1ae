import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TrackAudioEncoder } from '../../src/encode/audio-encoder.ts';
import type { AudioChoice } from '../../src/encode/choose.ts';
import type { AudioCodecFamily, AudioPacket } from '../../src/media.ts';

interface FakeData {
  init: AudioDataInit & { data: Float32Array };
  close: () => void;
}

class FakeEncoder {
  static last: FakeEncoder;
  state: CodecState = 'unconfigured';
  readonly fed: FakeData[] = [];
  config: AudioEncoderConfig | undefined;
  flushing: () => Promise<void> = async () => undefined;

  constructor(readonly init: { output: EncodedAudioChunkOutputCallback; error: (error: unknown) => void }) {
    FakeEncoder.last = this;
  }
  configure(config: AudioEncoderConfig): void {
    this.state = 'configured';
    this.config = config;
  }
  encode(data: FakeData): void {
    this.fed.push(data);
  }
  flush(): Promise<void> {
    return this.flushing();
  }
  close(): void {
    this.state = 'closed';
  }
  emit(timestamp: number, duration: number | null, decoderConfig?: AudioDecoderConfig): void {
    const chunk = { timestamp, duration, byteLength: 2, copyTo: (into: Uint8Array) => into.set([8, 9]) };
    this.init.output(chunk as unknown as EncodedAudioChunk, decoderConfig ? { decoderConfig } : {});
  }
}

beforeEach(() => {
  vi.stubGlobal('AudioEncoder', FakeEncoder);
  vi.stubGlobal(
    'AudioData',
    class {
      closed = vi.fn();
      constructor(readonly init: FakeData['init']) {}
      close = (): void => this.closed();
    },
  );
});
afterEach(() => vi.unstubAllGlobals());

/** OpusHead with this pre-skip (RFC 7845, 5.1). */
const opusHead = (preSkip: number): Uint8Array<ArrayBuffer> =>
  Uint8Array.from([
    ...Buffer.from('OpusHead'),
    1,
    2,
    preSkip & 0xff,
    preSkip >> 8,
    0x80,
    0xbb,
    0,
    0,
    0,
    0,
    0,
  ]);

const open = async (family: AudioCodecFamily = 'opus', sampleRate = 48_000) => {
  const packets: AudioPacket[] = [];
  const onError = vi.fn();
  const codec = family === 'opus' ? 'opus' : 'mp4a.40.2';
  const config = { codec, sampleRate, numberOfChannels: 2, bitrate: 128_000 };
  const choice: AudioChoice = { family, config, wasm: false };
  const output = { onPacket: (packet: AudioPacket) => packets.push(packet), onError };
  const encoder = await TrackAudioEncoder.open(choice, output, 'unused');
  const decoderConfig = (description: Uint8Array<ArrayBuffer> | undefined): AudioDecoderConfig => ({
    codec,
    sampleRate,
    numberOfChannels: 2,
    ...(description === undefined ? {} : { description: description.slice().buffer }),
  });
  return { encoder, packets, onError, fake: FakeEncoder.last, decoderConfig };
};

const block = (frames: number, time: number) => ({
  planes: [new Float32Array(frames).fill(0.25), new Float32Array(frames).fill(-0.5)],
  sampleRate: 48_000,
  time,
});

describe('what goes into the encoder', () => {
  it('is planar audio at its time on the timeline, in whole microseconds, closed at once', async () => {
    const { encoder, fake } = await open();
    encoder.encode(block(2, 1_000.6));
    const [data] = fake.fed;
    expect(data?.init).toMatchObject({
      format: 'f32-planar',
      sampleRate: 48_000,
      numberOfFrames: 2,
      numberOfChannels: 2,
      timestamp: 1_001,
    });
    expect([...(data?.init.data ?? [])]).toEqual([0.25, 0.25, -0.5, -0.5]);
    expect((data as unknown as { closed: unknown }).closed).toHaveBeenCalledTimes(1);
  });

  it('is never an empty piece', async () => {
    const { encoder, fake } = await open();
    encoder.encode(block(0, 0));
    expect(fake.fed).toEqual([]);
  });

  it('is counted in pieces of 20 ms until it has come out', async () => {
    const { encoder, fake } = await open();
    for (let i = 0; i < 4; i++) encoder.encode(block(480, i * 10_000));
    expect(encoder.pending).toBe(2);
    fake.emit(0, 20_000);
    expect(encoder.pending).toBe(1);
    fake.emit(20_000, 20_000);
    fake.emit(40_000, 20_000);
    expect(encoder.pending).toBe(0);
  });
});

describe('what comes out', () => {
  it('Opus: earlier by the pre-skip that its header names, which counts at 48 kHz', async () => {
    const { packets, fake, decoderConfig } = await open('opus', 16_000);
    fake.emit(0, 20_000, decoderConfig(opusHead(312)));
    fake.emit(20_000, 20_000);
    expect(packets.map(packet => packet.timestamp)).toEqual([-6_500, 13_500]);
    expect(packets[0]?.data).toEqual(Uint8Array.of(8, 9));
  });

  it.each([
    [3_840, -80_000],
    [0, 0],
  ])('Opus: a pre-skip of %i', async (preSkip, timestamp) => {
    const { packets, fake, decoderConfig } = await open();
    fake.emit(0, 20_000, decoderConfig(opusHead(preSkip)));
    expect(packets[0]?.timestamp).toBeCloseTo(timestamp);
  });

  it('Opus without a header: 312 samples, as libopus has them', async () => {
    const { packets, fake, decoderConfig } = await open();
    fake.emit(0, 20_000, decoderConfig(undefined));
    expect(packets[0]?.timestamp).toBe(-6_500);
  });

  it('AAC: earlier by one frame at its own rate', async () => {
    const { packets, fake, decoderConfig } = await open('aac', 44_100);
    fake.emit(0, 23_220, decoderConfig(Uint8Array.of(0x12, 0x10)));
    expect(packets[0]?.timestamp).toBe(-23_220);
  });

  it('a packet without a duration has that of Opus', async () => {
    const { packets, fake, decoderConfig } = await open();
    fake.emit(0, null, decoderConfig(opusHead(312)));
    expect(packets[0]?.duration).toBe(20_000);
  });
});

describe('the end of an encoder', () => {
  it('pushes what went in last out by silence, right behind the sound', async () => {
    const { encoder, fake } = await open();
    encoder.encode(block(480, 5_000));
    await encoder.finish();
    const silence = fake.fed.at(-1)?.init;
    expect(silence).toMatchObject({ timestamp: 15_000, numberOfChannels: 2, sampleRate: 48_000 });
    // More than the delay of the encoder.
    expect((silence?.numberOfFrames ?? 0) / 48_000).toBeGreaterThanOrEqual(0.0065 + 0.024);
    expect(new Set(silence?.data)).toEqual(new Set([0]));
  });

  it('leaves out packets that are nothing but that silence, and shortens the one in which the sound ends', async () => {
    const { encoder, packets, fake, decoderConfig } = await open();
    for (let i = 0; i < 5; i++) encoder.encode(block(480, i * 10_000));
    fake.flushing = async () => {
      for (const [i, time] of [0, 20_000, 40_000, 60_000, 80_000].entries())
        fake.emit(time, 20_000, i === 0 ? decoderConfig(opusHead(312)) : undefined);
    };
    await encoder.finish();
    expect(packets.map(({ timestamp, duration }) => [timestamp, duration])).toEqual([
      [-6_500, 20_000],
      [13_500, 20_000],
      [33_500, 16_500],
    ]);
  });

  it('pushes nothing out when nothing went in', async () => {
    const { encoder, fake } = await open();
    await encoder.finish();
    expect(fake.fed).toEqual([]);
    expect(fake.state).toBe('closed');
  });

  it('lets all packets out before it is let go', async () => {
    const { encoder, packets, fake, decoderConfig } = await open();
    encoder.encode(block(960, 0));
    fake.flushing = async () => fake.emit(0, 20_000, decoderConfig(opusHead(312)));
    await encoder.finish();
    expect(packets).toHaveLength(1);
    expect(fake.state).toBe('closed');
  });

  it('an error is told once, and nothing goes in any more', async () => {
    const { encoder, fake, onError } = await open();
    fake.init.error(new Error('one'));
    fake.init.error(new Error('two'));
    encoder.encode(block(480, 0));
    expect(onError).toHaveBeenCalledTimes(1);
    expect(fake.fed).toEqual([]);
    fake.flushing = () => Promise.reject(new Error('three'));
    await encoder.finish();
    expect(onError).toHaveBeenCalledTimes(1);
  });

  it('a flush that fails is an error, not a rejection', async () => {
    const { encoder, fake, onError } = await open();
    fake.flushing = () => Promise.reject(new Error('no'));
    await encoder.finish();
    expect(onError).toHaveBeenCalledTimes(1);
  });
});
