/** Audio whose every sample follows from its number alone. */
import { until } from './source.ts';

interface Generator<T> extends MediaStreamTrack {
  readonly writable: WritableStream<T>;
}
declare const MediaStreamTrackGenerator: {
  new (init: { kind: 'video' }): Generator<VideoFrame>;
  new (init: { kind: 'audio' }): Generator<AudioData>;
};

/** A video track that shows what is written to it. */
export const videoTrack = (): Generator<VideoFrame> => new MediaStreamTrackGenerator({ kind: 'video' });

/** A sound: amplitude by number of the sample. */
export type Signal = (sample: number, sampleRate: number) => number;

/** Mono, in pieces of 10 ms. */
export class SignalSource {
  readonly track = new MediaStreamTrackGenerator({ kind: 'audio' });
  readonly #writer = this.track.writable.getWriter();
  readonly #signal: Signal;
  readonly sampleRate: number;
  readonly #base: number;
  #begin: number | undefined;
  /** Pieces written so far. */
  pieces = 0;

  /** @param base timestamp of the first piece in microseconds. */
  constructor(signal: Signal, { sampleRate = 48_000, base = 0 } = {}) {
    this.#signal = signal;
    this.sampleRate = sampleRate;
    this.#base = base;
  }

  /** Samples written so far. */
  get samples(): number {
    return (this.pieces * this.sampleRate) / 100;
  }

  /** Writes the next piece at once. */
  async writePiece(): Promise<void> {
    const frames = this.sampleRate / 100;
    const data = Float32Array.from({ length: frames }, (_, i) =>
      this.#signal(this.samples + i, this.sampleRate),
    );
    const timestamp = this.#base + this.pieces * 10_000;
    this.pieces++;
    await this.#writer.write(
      new AudioData({
        format: 'f32-planar',
        sampleRate: this.sampleRate,
        numberOfFrames: frames,
        numberOfChannels: 1,
        timestamp,
        data,
      }),
    );
  }

  /** Feeds so many seconds in real time. */
  async feed(seconds: number): Promise<void> {
    this.#begin ??= performance.now() - this.pieces * 10;
    const end = this.pieces + Math.round(seconds * 100);
    while (this.pieces < end) {
      await until(this.#begin + this.pieces * 10);
      await this.writePiece();
    }
  }
}

/**
 * A beep of 1 kHz once in every period, that begins at its peak: no ramp to be vague about. All in seconds.
 *
 * @param at where in the period it begins.
 */
export const beeps =
  (period: number, at: number, duration: number): Signal =>
  (sample, sampleRate) => {
    const since = (sample % Math.round(period * sampleRate)) - Math.round(at * sampleRate);
    if (since < 0 || since >= duration * sampleRate) return 0;
    return 0.5 * Math.cos((2 * Math.PI * 1000 * since) / sampleRate);
  };
