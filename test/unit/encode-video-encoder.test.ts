import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FileVideoEncoder } from '../../src/encode/video-encoder.ts';
import type { VideoPacket } from '../../src/media.ts';

interface Frame {
  timestamp: number;
  close: () => void;
}

/** An encoder whose output is let out by the test. */
class FakeEncoder {
  static last: FakeEncoder;
  state: CodecState = 'unconfigured';
  readonly calls: { timestamp: number; keyFrame: boolean }[] = [];
  refuse: Error | undefined;
  flushing: () => Promise<void> = async () => undefined;

  constructor(readonly init: { output: EncodedVideoChunkOutputCallback; error: (error: unknown) => void }) {
    FakeEncoder.last = this;
  }
  configure(): void {
    this.state = 'configured';
  }
  encode(frame: Frame, options: { keyFrame: boolean }): void {
    if (this.refuse) throw this.refuse;
    this.calls.push({ timestamp: frame.timestamp, keyFrame: options.keyFrame });
  }
  flush(): Promise<void> {
    return this.flushing();
  }
  close(): void {
    this.state = 'closed';
  }
  /** Lets the oldest frame out. */
  emit(bytes: number[], decoderConfig?: VideoDecoderConfig): void {
    const call = this.calls[0];
    if (!call) throw new Error('nothing was encoded');
    this.calls.shift();
    const chunk = {
      type: call.keyFrame ? 'key' : 'delta',
      timestamp: call.timestamp,
      byteLength: bytes.length,
      copyTo: (into: Uint8Array) => into.set(bytes),
    };
    this.init.output(chunk as EncodedVideoChunk, decoderConfig ? { decoderConfig } : {});
  }
}

beforeEach(() => vi.stubGlobal('VideoEncoder', FakeEncoder));
afterEach(() => vi.unstubAllGlobals());

const open = (keyFrameInterval = 2_000_000) => {
  const packets: [VideoPacket, VideoDecoderConfig | undefined][] = [];
  const onError = vi.fn();
  const config = { codec: 'avc1.64001f', width: 640, height: 360 };
  const encoder = new FileVideoEncoder(config, keyFrameInterval, {
    onPacket: (packet, decoderConfig) => packets.push([packet, decoderConfig]),
    onError,
  });
  const frames: (Frame & { close: ReturnType<typeof vi.fn> })[] = [];
  const encode = (timestamp: number): void => {
    const frame = { timestamp, close: vi.fn() };
    frames.push(frame);
    encoder.encode(frame as unknown as VideoFrame);
  };
  return { encoder, encode, frames, packets, onError, fake: FakeEncoder.last };
};

describe('the encoder of one file', () => {
  it('asks for a key frame first, and then as soon as the interval has passed', () => {
    const { encode, fake } = open(1_000_000);
    for (const time of [500_000, 1_499_999, 1_500_000, 1_600_000, 2_700_000, 3_600_000]) encode(time);
    expect(fake.calls.filter(call => call.keyFrame).map(call => call.timestamp)).toEqual([
      500_000, 1_500_000, 2_700_000,
    ]);
  });

  it('gives packets as they come, with their configuration, and closes each frame once', () => {
    const { encode, fake, packets, frames } = open();
    encode(0);
    encode(33_333);
    const decoderConfig = { codec: 'avc1.64001f' };
    fake.emit([1, 2, 3], decoderConfig);
    fake.emit([4]);
    expect(packets).toEqual([
      [{ data: Uint8Array.of(1, 2, 3), timestamp: 0, type: 'key' }, decoderConfig],
      [{ data: Uint8Array.of(4), timestamp: 33_333, type: 'delta' }, undefined],
    ]);
    for (const frame of frames) expect(frame.close).toHaveBeenCalledTimes(1);
  });

  it('counts what went in and has not come out', () => {
    const { encoder, encode, fake } = open();
    encode(0);
    encode(1_000);
    expect(encoder.pending).toBe(2);
    fake.emit([1]);
    expect(encoder.pending).toBe(1);
    expect(encoder.lost).toBe(0);
  });

  it('is dead after an error: tells it once, closes what still comes, and knows what was lost', () => {
    const { encoder, encode, fake, onError, frames } = open();
    encode(0);
    encode(1_000);
    fake.emit([1]);
    const error = new Error('the GPU went away');
    fake.init.error(error);
    fake.init.error(new Error('again'));
    encode(2_000);
    expect(onError.mock.calls).toEqual([[error]]);
    expect(encoder.lost).toBe(1);
    expect(encoder.pending).toBe(0);
    for (const frame of frames) expect(frame.close).toHaveBeenCalledTimes(1);
  });

  it('is dead after it refused a frame, which is lost and closed', () => {
    const { encoder, encode, fake, onError, frames } = open();
    fake.refuse = new Error('DataError');
    encode(0);
    expect(onError).toHaveBeenCalledWith(fake.refuse);
    expect(encoder.lost).toBe(1);
    expect(frames[0]?.close).toHaveBeenCalledTimes(1);
  });

  it('lets all packets out before it is let go', async () => {
    const { encoder, encode, fake, packets } = open();
    encode(0);
    fake.flushing = async () => fake.emit([7]);
    await encoder.finish();
    expect(packets).toHaveLength(1);
    expect(fake.state).toBe('closed');
    expect(encoder.lost).toBe(0);
  });

  it('never rejects when that fails: the error goes where errors go', async () => {
    const { encoder, encode, fake, onError } = open();
    encode(0);
    fake.flushing = () => Promise.reject(new Error('no'));
    await encoder.finish();
    expect(onError).toHaveBeenCalledTimes(1);
    expect(fake.state).toBe('closed');
  });

  it('tells nothing once it was let go, and may be let go twice', () => {
    const { encoder, fake, onError } = open();
    encoder.close();
    encoder.close();
    fake.init.error(new Error('late'));
    expect(onError).not.toHaveBeenCalled();
  });
});

describe('waiting for what is in the encoder', () => {
  it('is over when all is out', async () => {
    const { encoder, encode, fake } = open();
    await encoder.caughtUp(60_000);
    encode(0);
    encode(1_000);
    const waiting = encoder.caughtUp(60_000);
    fake.emit([1]);
    fake.emit([2]);
    await waiting;
    expect(encoder.pending).toBe(0);
  });

  it('is over after so long, for encoders that hold a frame back', async () => {
    const { encoder, encode } = open();
    encode(0);
    await encoder.caughtUp(5);
    expect(encoder.pending).toBe(1);
  });
});
