/** Hand-made tracks: frames and audio with exactly the parameters that a test wants. */
import type { Recorder } from 'steadyreel';
import { lumaLevels, paintCounter } from '../../../demo/test-pattern/counter.ts';

interface TrackGenerator<T> extends MediaStreamTrack {
  readonly writable: WritableStream<T>;
}
declare const MediaStreamTrackGenerator: {
  new (init: { kind: 'video' }): TrackGenerator<VideoFrame>;
  new (init: { kind: 'audio' }): TrackGenerator<AudioData>;
};

/** How a frame looks. */
export interface FrameLook {
  width?: number;
  height?: number;
  rotation?: 0 | 90 | 180 | 270;
  flip?: boolean;
  colorSpace?: VideoColorSpaceInit;
  format?: 'I420' | 'NV12';
  displayWidth?: number;
  displayHeight?: number;
  /** Fills the picture with noise, which costs an encoder much. */
  noise?: boolean;
  /** Fills it with noise that is another in each frame, which no encoder can make small. */
  random?: boolean;
}

export const BT709: VideoColorSpaceInit = {
  primaries: 'bt709',
  transfer: 'bt709',
  matrix: 'bt709',
  fullRange: false,
};
export const BT709_FULL: VideoColorSpaceInit = { ...BT709, fullRange: true };
export const BT601: VideoColorSpaceInit = {
  primaries: 'smpte170m',
  transfer: 'smpte170m',
  matrix: 'smpte170m',
  fullRange: false,
};

/** A frame with a counter painted in it. */
export const makeFrame = (counter: number, timestamp: number, look: FrameLook = {}): VideoFrame => {
  const { width = 640, height = 360, rotation = 0, flip = false, colorSpace = BT709, format = 'I420' } = look;
  const chroma = 2 * Math.ceil(width / 2) * Math.ceil(height / 2);
  const data = new Uint8Array(width * height + chroma).fill(128);
  const range = colorSpace.fullRange ? 'full' : 'limited';
  const luma = data.subarray(0, width * height);
  luma.fill(lumaLevels(range).black + 60 + (counter % 32));
  if (look.noise) {
    for (let i = 0; i < luma.length; i++)
      luma[i] = 80 + ((i * 7919 + counter * 104729 + ((i * i) >> 3)) % 16);
  }
  if (look.random) {
    let state = Math.imul(counter + 1, 2_654_435_761);
    for (let i = 0; i < luma.length; i++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
      luma[i] = 60 + (state >>> 25);
    }
  }
  paintCounter(luma, width, width, height, counter, range);
  const init: VideoFrameBufferInit & { rotation: number; flip: boolean; transfer: ArrayBuffer[] } = {
    format,
    codedWidth: width,
    codedHeight: height,
    timestamp,
    colorSpace,
    rotation,
    flip,
    transfer: [data.buffer],
    ...(look.displayWidth ? { displayWidth: look.displayWidth } : {}),
    ...(look.displayHeight ? { displayHeight: look.displayHeight } : {}),
  };
  return new VideoFrame(data, init);
};

/** Waits until a moment of `performance.now()`. */
export const until = async (time: number): Promise<void> => {
  const wait = time - performance.now();
  if (wait > 0) await new Promise(resolve => setTimeout(resolve, wait));
};

/** Frames at a steady rate, in real time, as a camera gives them. */
export class VideoSource {
  readonly track = new MediaStreamTrackGenerator({ kind: 'video' });
  #writer: WritableStreamDefaultWriter<VideoFrame> | undefined = this.track.writable.getWriter();
  readonly frameRate: number;
  /** Number of frames fed, and the next one's counter. */
  count = 0;
  #begin: number | undefined;
  /** Microseconds of its own time in which it gave nothing. */
  #skipped = 0;

  constructor(frameRate = 30) {
    this.frameRate = frameRate;
  }

  /** Feeds frames that look like this. */
  feed(frames: number, look: FrameLook = {}): Promise<void> {
    return this.feedFrames(frames, (timestamp, counter) => makeFrame(counter, timestamp, look));
  }

  /** Feeds frames that are made for their time in microseconds and their number. */
  async feedFrames(frames: number, make: (timestamp: number, counter: number) => VideoFrame): Promise<void> {
    this.#begin ??= performance.now();
    for (let i = 0; i < frames; i++) {
      await until(this.#due);
      await this.#writer?.write(make(this.#timestamp, this.count));
      this.count++;
    }
  }

  /** When the next frame is due, in milliseconds of `performance.now()`. */
  get #due(): number {
    return (this.#begin ?? 0) + this.#timestamp / 1000;
  }

  get #timestamp(): number {
    return Math.round((this.count * 1e6) / this.frameRate + this.#skipped);
  }

  /** What was due meanwhile was not captured. Without this it comes late, all at once. */
  skipMissed(): void {
    this.#skipped += Math.max(0, performance.now() - this.#due) * 1000;
  }

  /** Gives the stream away, so that a worker can feed it. */
  handOver(): WritableStream<VideoFrame> {
    this.#writer?.releaseLock();
    this.#writer = undefined;
    return this.track.writable;
  }

  async end(): Promise<void> {
    await this.#writer?.close();
  }
}

/** How audio sounds. */
export interface AudioLook {
  sampleRate?: number;
  numberOfChannels?: number;
  /** Hertz. */
  frequency?: number;
  /** Default 1/4. */
  amplitude?: number;
}

/** A sine tone in pieces of 10 ms, in real time, as a microphone gives it. */
export class AudioSource {
  readonly track = new MediaStreamTrackGenerator({ kind: 'audio' });
  readonly #writer = this.track.writable.getWriter();
  #pieces = 0;
  #phase = 0;
  #begin: number | undefined;
  #skipped = 0;
  /** Samples fed so far. */
  samples = 0;

  /** Feeds so many seconds. */
  async feed(seconds: number, look: AudioLook = {}): Promise<void> {
    const { sampleRate = 48_000, numberOfChannels = 2, frequency = 440, amplitude = 0.25 } = look;
    this.#begin ??= performance.now();
    const frames = sampleRate / 100;
    for (let i = 0; i < Math.round(seconds * 100); i++) {
      await until(this.#begin + this.#pieces * 10);
      const data = new Float32Array(frames * numberOfChannels);
      for (let s = 0; s < frames; s++) {
        this.#phase += (2 * Math.PI * frequency) / sampleRate;
        for (let channel = 0; channel < numberOfChannels; channel++)
          data[channel * frames + s] = amplitude * Math.sin(this.#phase);
      }
      const timestamp = this.#pieces * 10_000 + this.#skipped;
      await this.#writer.write(
        new AudioData({
          format: 'f32-planar',
          sampleRate,
          numberOfFrames: frames,
          numberOfChannels,
          timestamp,
          data,
        }),
      );
      this.#pieces++;
      this.samples += frames;
    }
  }

  /** The clock jumps by so many microseconds. */
  skipTime(by: number): void {
    this.#skipped += by;
  }

  /** Gives nothing for so many seconds, like a microphone that was muted. */
  async pause(seconds: number): Promise<void> {
    this.#pieces += Math.round(seconds * 100);
    await until((this.#begin ?? 0) + this.#pieces * 10);
  }

  async end(): Promise<void> {
    await this.#writer.close();
  }
}

/**
 * Resolves when the recorder has got so many frames. Chromium may drop a frame that was written right before its
 * track ends, so a test that counts waits before it ends one.
 */
export const received = (recorder: Recorder, frames: number): Promise<void> =>
  new Promise(resolve => {
    const remove = recorder.on('progress', () => {
      if (recorder.stats.framesIn < frames) return;
      remove();
      resolve();
    });
  });
