/** Makes the frames and the audio of the test pattern, at a steady rate whatever the page is doing. */
import {
  changeParameters,
  type PatternMessage,
  type PatternParameters,
  type TestPatternChange,
} from './parameters.ts';
import { createPainter, type Painter } from './picture.ts';
import { frameTime, originAfter, pieceTime, samplesIn } from './schedule.ts';
import { isFlashing, tone } from './tone.ts';

const MICROSECONDS = 1_000_000;
/** Frames and pieces written in one go while catching up, so that a change is never kept waiting for long. */
const MAX_BURST = 10;
/** A track that was stopped takes nothing any more; the other one goes on. */
const ignoreEnded = (): void => undefined;

/** `rotation` and `flip` are in the WebCodecs specification but not yet in TypeScript's library. */
type FrameInit = VideoFrameBufferInit & { rotation?: number; flip?: boolean };

class Pattern {
  #parameters: PatternParameters;
  #painter: Painter;
  readonly #frameRate: number;
  readonly #video: WritableStreamDefaultWriter<VideoFrame>;
  readonly #audio: WritableStreamDefaultWriter<AudioData>;
  #origin: number;
  #frame = 0;
  #piece = 0;
  /** The piece at which the sample rate last changed. */
  #rateSince = 0;
  #running = true;

  constructor(start: Extract<PatternMessage, { type: 'start' }>) {
    this.#parameters = start.parameters;
    this.#painter = Pattern.#painterFor(start.parameters);
    this.#frameRate = start.frameRate;
    this.#video = start.video.getWriter();
    this.#audio = start.audio.getWriter();
    // The first frame takes several times as long as the others: it would make the timeline begin with a burst.
    this.#painter(0, false);
    this.#origin = performance.now();
    this.#tick();
  }

  static #painterFor({ width, height, fullRange, matrix }: PatternParameters): Painter {
    return createPainter({ width, height, matrix, range: fullRange ? 'full' : 'limited' });
  }

  set(change: TestPatternChange): void {
    const next = changeParameters(this.#parameters, change);
    if (next.sampleRate !== this.#parameters.sampleRate) this.#rateSince = this.#piece;
    this.#parameters = next;
    this.#painter = Pattern.#painterFor(next);
  }

  stop(): void {
    this.#running = false;
    // Closing a writable whose track has ended rejects: the end of the pattern either way.
    for (const writer of [this.#video, this.#audio]) writer.close().catch(ignoreEnded);
  }

  #tick(): void {
    let wait = 0;
    for (let written = 0; written < MAX_BURST && wait <= 0; written++) wait = this.#writeNext();
    if (this.#running) setTimeout(() => this.#tick(), wait);
  }

  /** Writes what is due next, or returns the milliseconds until then. */
  #writeNext(): number {
    const frameDue = frameTime(this.#frame, this.#frameRate);
    const pieceDue = pieceTime(this.#piece);
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
    const { width, height, rotation, flip, primaries, transfer, matrix, fullRange } = this.#parameters;
    const timestamp = (n: number): number => Math.round(frameTime(n, this.#frameRate) * MICROSECONDS);
    const init: FrameInit = {
      format: 'I420',
      codedWidth: width,
      codedHeight: height,
      timestamp: timestamp(this.#frame),
      duration: timestamp(this.#frame + 1) - timestamp(this.#frame),
      colorSpace: { primaries, transfer, matrix, fullRange },
      rotation,
      flip,
    };
    const bytes = this.#painter(this.#frame, isFlashing(this.#frame, this.#frameRate));
    this.#video.write(new VideoFrame(bytes, init)).catch(ignoreEnded);
    this.#frame++;
  }

  #writePiece(): void {
    const { sampleRate, numberOfChannels } = this.#parameters;
    const { first, count } = samplesIn(this.#piece - this.#rateSince, sampleRate);
    const time = pieceTime(this.#rateSince) + first / sampleRate;
    const piece = tone(time, count, sampleRate, numberOfChannels);
    const data = new AudioData({
      format: 'f32-planar',
      sampleRate,
      numberOfChannels,
      numberOfFrames: count,
      timestamp: Math.round(time * MICROSECONDS),
      data: piece.data,
    });
    this.#audio.write(data).catch(ignoreEnded);
    this.#piece++;
  }
}

let pattern: Pattern | undefined;

addEventListener('message', ({ data }: MessageEvent<PatternMessage>) => {
  if (data.type === 'start') pattern = new Pattern(data);
  else if (data.type === 'set') pattern?.set(data.change);
  else pattern?.stop();
});
