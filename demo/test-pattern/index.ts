/** The built-in test pattern: a stream with a moving picture, a frame counter and a tone. */
import {
  changeParameters,
  initialParameters,
  type PatternMessage,
  type PatternParameters,
  type TestPatternChange,
  type TestPatternOptions,
} from './parameters.ts';

export type { PatternParameters, TestPatternChange, TestPatternOptions } from './parameters.ts';

/** A running test pattern. */
export interface TestPattern {
  /** One video and one audio track. */
  readonly stream: MediaStream;
  /** The parameters as they are, or will be with the next frame. */
  readonly parameters: PatternParameters;
  /**
   * Changes the pattern while it runs, from the next frame and the next 10 ms of audio on.
   *
   * @throws RangeError when a picture can't be computed for the matrix that is asked for.
   */
  set(change: TestPatternChange): void;
  /** Ends both tracks. */
  stop(): void;
}

/** Chromium only, and in no standard library: see w3c/mediacapture-transform. */
interface TrackGenerator extends MediaStreamTrack {
  readonly writable: WritableStream;
}
type TrackGeneratorConstructor = new (init: { kind: 'video' | 'audio' }) => TrackGenerator;

const trackGenerator = (): TrackGeneratorConstructor | undefined =>
  (globalThis as { MediaStreamTrackGenerator?: TrackGeneratorConstructor }).MediaStreamTrackGenerator;

/** True when this browser can make the test pattern. */
export const hasTestPattern = (): boolean => trackGenerator() !== undefined;

/**
 * Starts a test pattern. Its frames are made by hand in a worker: every one carries a counter that a
 * program can read (see `counter.ts`), and the timestamps are exactly those of the frame rate.
 *
 * @throws TypeError when this browser has no `MediaStreamTrackGenerator`.
 */
export const createTestPattern = (options: TestPatternOptions = {}): TestPattern => {
  const Generator = trackGenerator();
  if (!Generator) {
    throw new TypeError('The test pattern needs MediaStreamTrackGenerator: use a Chromium-based browser.');
  }
  let parameters = initialParameters(options);
  const video = new Generator({ kind: 'video' });
  const audio = new Generator({ kind: 'audio' });
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    type: 'module',
    name: 'test-pattern',
  });
  const send = (message: PatternMessage, transfer: Transferable[] = []): void =>
    worker.postMessage(message, transfer);
  const writables = { video: video.writable, audio: audio.writable };
  send({ type: 'start', ...writables, parameters, frameRate: options.frameRate ?? 30 }, [
    writables.video,
    writables.audio,
  ]);
  return {
    stream: new MediaStream([video, audio]),
    get parameters() {
      return parameters;
    },
    set(change) {
      parameters = changeParameters(parameters, change);
      send({ type: 'set', change });
    },
    stop() {
      send({ type: 'stop' });
      video.stop();
      audio.stop();
      worker.terminate();
    },
  };
};
