/** An hour of packets through a muxer, as fast as it takes them, in a process of its own: `node mux.mjs <name> <seconds>`. */
import {
  EncodedAudioPacketSource,
  EncodedPacket,
  EncodedVideoPacketSource,
  StreamTarget as MediabunnyStream,
  Mp4OutputFormat,
  NullTarget,
  Output,
  type StreamTargetChunk,
  type Target,
} from 'mediabunny';
import { Muxer, StreamTarget } from 'mp4-muxer';
import { Mp4Writer } from '../../src/mux/mp4-writer.ts';

const RATE = 30;
/** A key frame every two seconds, and 2.5 Mbit/s. */
const KEY_INTERVAL = 60;
const FRAME_BYTES = 10_417;
/** 20 ms of Opus at 128 kbit/s. */
const [PIECE, PIECE_BYTES] = [20_000, 320];

const hex = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(text.match(/../g) ?? [], byte => Number.parseInt(byte, 16));

const video: VideoDecoderConfig = {
  ...{ codec: 'avc1.42c01f', codedWidth: 1280, codedHeight: 720 },
  colorSpace: { primaries: 'bt709', transfer: 'bt709', matrix: 'bt709', fullRange: false },
  description: hex('0142c01fffe1000f6742c01fda014016ec0440000003004001000468ce3c80'),
};
const audio: AudioDecoderConfig = {
  ...{ codec: 'opus', sampleRate: 48_000, numberOfChannels: 2 },
  description: hex('4f707573486561640102380180bb0000000000'),
};

interface Packet {
  data: Uint8Array<ArrayBuffer>;
  type: 'key' | 'delta';
  /** Microseconds. */
  timestamp: number;
  duration: number;
}

interface Mux {
  addVideo(packet: Packet, first: boolean): void | Promise<void>;
  addAudio(packet: Packet, first: boolean): void | Promise<void>;
  finish(end: number): void | Promise<void>;
}

/** The bytes are counted, and let go. */
let bytes = 0;

const steadyreel = (): Mux => {
  const writer = new Mp4Writer(
    0,
    { video: { family: 'avc', rotation: 0, flip: false }, audio: true },
    {
      onBytes: data => {
        bytes += data.byteLength;
      },
      onError: error => {
        throw error;
      },
    },
  );
  return {
    addVideo: ({ data, type, timestamp }, first) =>
      writer.addVideo({ data, type, timestamp }, first ? video : undefined),
    addAudio: ({ data, timestamp, duration }, first) =>
      writer.addAudio({ data, timestamp, duration }, first ? audio : undefined, 'opus'),
    finish: end => {
      writer.closeVideo(end);
      writer.closeAudio();
      writer.finish();
    },
  };
};

/** As bytes that are the receiver's, which is what our own writer and mp4-muxer give. */
const given = (): Target =>
  new MediabunnyStream(
    new WritableStream<StreamTargetChunk>({
      write: ({ data }) => {
        bytes += data.byteLength;
      },
    }),
  );

/** Told of, and not given out: nothing has to be copied. */
const told = (): Target => {
  const target = new NullTarget();
  target.onwrite = (from, to) => {
    bytes += to - from;
  };
  return target;
};

const mediabunny = async (fastStart: 'fragmented' | false, target: Target): Promise<Mux> => {
  const output = new Output({ format: new Mp4OutputFormat({ fastStart }), target });
  const [pictures, sounds] = [new EncodedVideoPacketSource('avc'), new EncodedAudioPacketSource('opus')];
  output.addVideoTrack(pictures);
  output.addAudioTrack(sounds);
  await output.start();
  const packet = ({ data, type, timestamp, duration }: Packet): EncodedPacket =>
    new EncodedPacket(data, type, timestamp / 1e6, duration / 1e6);
  return {
    addVideo: (one, first) => pictures.add(packet(one), first ? { decoderConfig: video } : undefined),
    addAudio: (one, first) => sounds.add(packet(one), first ? { decoderConfig: audio } : undefined),
    finish: () => output.finalize(),
  };
};

const mp4Muxer = (): Mux => {
  const onData = (data: Uint8Array, _position: number): void => {
    bytes += data.byteLength;
  };
  const muxer = new Muxer({
    target: new StreamTarget({ onData }),
    fastStart: 'fragmented',
    video: { codec: 'avc', width: 1280, height: 720 },
    audio: { codec: 'opus', sampleRate: 48_000, numberOfChannels: 2 },
  });
  return {
    addVideo: ({ data, type, timestamp, duration }, first) =>
      muxer.addVideoChunkRaw(data, type, timestamp, duration, first ? { decoderConfig: video } : undefined),
    addAudio: ({ data, type, timestamp, duration }, first) =>
      muxer.addAudioChunkRaw(data, type, timestamp, duration, first ? { decoderConfig: audio } : undefined),
    finish: () => muxer.finalize(),
  };
};

const muxers: Record<string, () => Mux | Promise<Mux>> = {
  ...{ steadyreel, 'mp4-muxer': mp4Muxer },
  mediabunny: () => mediabunny('fragmented', given()),
  'mediabunny-null': () => mediabunny('fragmented', told()),
  'mediabunny-plain': () => mediabunny(false, given()),
};

/** @returns packets a second. */
const feed = async (mux: Mux, seconds: number): Promise<number> => {
  const [picture, piece] = [new Uint8Array(FRAME_BYTES), new Uint8Array(PIECE_BYTES)];
  let [packets, sound] = [0, 0];
  const began = performance.now();
  for (let frame = 0; frame < seconds * RATE; frame++) {
    const timestamp = Math.round((frame * 1e6) / RATE);
    for (; sound * PIECE <= timestamp; sound++, packets++) {
      const added = mux.addAudio(
        { data: piece, type: 'key', timestamp: sound * PIECE, duration: PIECE },
        sound === 0,
      );
      // Only who has something to wait for is waited for.
      if (added) await added;
    }
    const type = frame % KEY_INTERVAL === 0 ? 'key' : 'delta';
    const duration = Math.round(((frame + 1) * 1e6) / RATE) - timestamp;
    const added = mux.addVideo({ data: picture, type, timestamp, duration }, frame === 0);
    if (added) await added;
    packets++;
  }
  await mux.finish(seconds * 1e6);
  return (1_000 * packets) / (performance.now() - began);
};

const [, , name = '', seconds = '3600'] = process.argv;
const muxer = muxers[name];
if (!muxer) throw new Error(`There is no "${name}".`);
// The first minute warms up the compiler, and is not counted.
await feed(await muxer(), 60);
bytes = 0;
const packetsPerSecond = await feed(await muxer(), Number(seconds));
console.log(JSON.stringify({ packetsPerSecond, bytes, memory: process.memoryUsage().rss }));
