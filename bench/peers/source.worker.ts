/** Makes the frames and the sound that all record, at a steady rate whatever the page does. */
import { frameTime, originAfter, pieceTime, samplesIn } from '../../demo/test-pattern/schedule.ts';
import { tone } from '../../demo/test-pattern/tone.ts';
import type { Made, Scene, SourceMessage } from './messages.ts';
import { lookAt, type Plan, RATE, smaller } from './plan.mjs';
import { createPainter, type Painter } from './texture.ts';

const SAMPLE_RATE = 48_000;
const CHANNELS = 2;
/** Pieces of sound after which it is the same again: all its tones are whole numbers of hertz. */
const PIECES = 100;
/** Frames from the call for changes to the first one. */
const LEAD = 30;
const MAX_BURST = 10;
const ignoreEnded = (): void => undefined;

/** `rotation` is in the WebCodecs specification but not yet in TypeScript's library. */
type FrameInit = VideoFrameBufferInit & { rotation: number };

class Source {
  readonly #video: WritableStreamDefaultWriter<VideoFrame>;
  readonly #audio: WritableStreamDefaultWriter<AudioData>;
  readonly #scene: Scene;
  readonly #painters = new Map<string, Painter>();
  readonly #pieces = Array.from({ length: PIECES }, (_, piece) => {
    const { first, count } = samplesIn(piece, SAMPLE_RATE);
    return tone(first / SAMPLE_RATE, count, SAMPLE_RATE, CHANNELS);
  });
  readonly #times: number[] = [];
  #plan: Plan | undefined;
  #origin: number;
  #frame = 0;
  #piece = 0;

  constructor({ video, audio, scene }: Extract<SourceMessage, { type: 'start' }>) {
    this.#video = video.getWriter();
    this.#audio = audio.getWriter();
    this.#scene = scene;
    const sizes = scene.changes ? [scene, smaller(scene)] : [scene];
    for (const { width, height } of sizes)
      for (const fullRange of scene.changes ? [false, true] : [false])
        this.#painters.set(`${width} ${fullRange}`, createPainter(width, height, fullRange));
    this.#origin = performance.now();
    this.#tick();
  }

  get made(): Made {
    return { frames: this.#frame, times: this.#times, plan: this.#plan };
  }

  change(plan: Omit<Plan, 'from'>): void {
    this.#plan = { ...plan, from: this.#frame + LEAD };
  }

  #tick(): void {
    let wait = 0;
    for (let written = 0; written < MAX_BURST && wait <= 0; written++) wait = this.#writeNext();
    setTimeout(() => this.#tick(), wait);
  }

  /** Writes what is due next, or returns the milliseconds until then. */
  #writeNext(): number {
    const [frameDue, pieceDue] = [frameTime(this.#frame, RATE), pieceTime(this.#piece)];
    const due = Math.min(frameDue, pieceDue);
    const now = performance.now();
    this.#origin = originAfter(this.#origin, now, due);
    const wait = this.#origin + due * 1000 - now;
    if (wait > 0) return wait;
    if (pieceDue <= frameDue) this.#writePiece();
    else this.#writeFrame();
    return 0;
  }

  #writeFrame(): void {
    const { width, height, rotation, fullRange } = lookAt(this.#frame, this.#scene, this.#plan);
    const paint = this.#painters.get(`${width} ${fullRange}`);
    if (!paint) throw new Error(`There is no picture of ${width} pixels.`);
    const timestamp = (n: number): number => Math.round(frameTime(n, RATE) * 1e6);
    const init: FrameInit = {
      ...{ format: 'I420', codedWidth: width, codedHeight: height, rotation },
      timestamp: timestamp(this.#frame),
      duration: timestamp(this.#frame + 1) - timestamp(this.#frame),
      colorSpace: { primaries: 'bt709', transfer: 'bt709', matrix: 'bt709', fullRange },
    };
    const frame = new VideoFrame(paint(this.#frame), init);
    this.#times.push(performance.timeOrigin + performance.now());
    this.#video.write(frame).catch(ignoreEnded);
    this.#frame++;
  }

  #writePiece(): void {
    const { data, frames } = this.#pieces[this.#piece % PIECES] ?? { data: new Float32Array(), frames: 0 };
    const piece = new AudioData({
      ...{ format: 'f32-planar', sampleRate: SAMPLE_RATE, numberOfChannels: CHANNELS },
      ...{ numberOfFrames: frames, timestamp: Math.round(pieceTime(this.#piece) * 1e6), data },
    });
    this.#audio.write(piece).catch(ignoreEnded);
    this.#piece++;
  }
}

let source: Source | undefined;

self.onmessage = ({ data }: MessageEvent<SourceMessage>) => {
  if (data.type === 'start') source = new Source(data);
  else if (data.type === 'change') source?.change(data.plan);
  self.postMessage(source?.made);
};
