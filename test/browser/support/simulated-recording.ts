/** A recording by simulated time: real encoders, muxer and storage, fed as fast as they go. */
import type { Recording } from 'steadyreel';
import { type RecorderOptions, type RecorderStats, type TusConfig, tus } from 'steadyreel';
import { MemoryStore } from '../../../src/journal/memory-store.ts';
import { resolveOptions } from '../../../src/options.ts';
import { ConstantRate } from '../../../src/source/constant-rate.ts';
import { createSink } from '../../../src/storage/create-sink.ts';
import { RecordingFiles } from '../../../src/worker/files.ts';
import { ManifestKeeper } from '../../../src/worker/manifest-keeper.ts';
import type { Reporter } from '../../../src/worker/protocol.ts';
import { RecordingLog } from '../../../src/worker/recording-log.ts';
import { emptyStats } from '../../../src/worker/stats.ts';
import { Tracks } from '../../../src/worker/tracks.ts';
import { SimulatedClock } from '../../support/simulated-clock.ts';

/** Frames and pieces of audio that may be in the encoders: feeding waits when there are more. */
const QUEUE = 30;
/** Milliseconds between looks at them, and how often is looked at the most. */
const LOOK_EVERY = 4;
const LOOKS = 5_000;

/** A stream that gives what is put into it, at once. */
class Feed<T> {
  #controller: ReadableStreamDefaultController<T> | undefined;
  readonly readable = new ReadableStream<T>(
    { start: controller => void (this.#controller = controller) },
    { highWaterMark: Number.POSITIVE_INFINITY },
  );

  put(item: T): void {
    this.#controller?.enqueue(item);
  }
}

export class SimulatedRecording {
  readonly clock = new SimulatedClock();
  readonly stats: RecorderStats = emptyStats();
  readonly video = new Feed<VideoFrame>();
  readonly audio = new Feed<AudioData>();
  readonly errors: unknown[] = [];
  readonly warnings = new Map<string, number>();
  readonly #keeper: ManifestKeeper;
  readonly #files: RecordingFiles;
  readonly #tracks: Tracks;

  constructor(endpoint: string, options: RecorderOptions) {
    const recordingId = crypto.randomUUID();
    const abort = new AbortController();
    const report: Reporter = {
      warn: (code, _, count) => void this.warnings.set(code, count ?? 1),
      fail: error => void this.errors.push(error),
    };
    const storage = tus({ endpoint }).config as TusConfig;
    const resolved = resolveOptions(options);
    const sink = createSink(storage, {
      onStored: () => undefined,
      onTrouble: detail => void this.errors.push(detail),
      onUpload: () => undefined,
      stoppedAt: () => undefined,
      ask: async () => ({}),
    });
    this.#keeper = new ManifestKeeper({
      id: recordingId,
      startedAt: new Date().toISOString(),
      metadata: {},
      write: manifest => sink.writeManifest(manifest, abort.signal),
      onFile: () => undefined,
      onChange: () => undefined,
      onEvent: () => undefined,
      onError: error => void this.errors.push(error),
    });
    this.#files = new RecordingFiles({
      recordingId,
      startedAt: new Date().toISOString(),
      sink,
      keeper: this.#keeper,
      log: new RecordingLog(undefined, report.fail),
      stats: this.stats,
      report,
      signal: abort.signal,
      openStore: () => new MemoryStore(),
      removeWhenStored: true,
      onStorageError: error => void this.errors.push(error),
    });
    this.#tracks = new Tracks({
      Rate: ConstantRate,
      setup: {
        recordingId,
        startedAt: new Date().toISOString(),
        options: resolved,
        storage,
        video: { readable: this.video.readable, frameRate: undefined },
        audio: { readable: this.audio.readable, sampleRate: undefined, numberOfChannels: undefined },
        aacEncoderUrl: '',
      },
      files: this.#files,
      keeper: this.#keeper,
      stats: this.stats,
      report,
      wall: this.clock,
      onWaiting: () => undefined,
      onResumed: () => undefined,
      onEnded: () => undefined,
    });
  }

  /** Gives the encoders time while there is much in them; what is told of the audio's is as of the last piece. */
  async #catchUp(): Promise<void> {
    const { stats } = this;
    const isFull = (): boolean =>
      stats.framesIn - stats.framesEncoded - stats.framesDropped > QUEUE || stats.audioQueue > 5 * QUEUE;
    // Not turn by turn of the event loop: the processor is for the encoders.
    for (let looks = 0; looks < LOOKS && isFull(); looks++)
      await new Promise(resolve => setTimeout(resolve, LOOK_EVERY));
  }

  /** Lets the clock go to a time in microseconds after the beginning, at which something arrives. */
  async until(time: number): Promise<void> {
    await this.clock.advance(Math.max(0, 1_000_000 + time - this.clock.now()));
    await this.#catchUp();
  }

  /** Ends it as `stop()` does; the clock runs on by itself meanwhile. */
  async stop(): Promise<Recording> {
    let stopped = false;
    const stopping = this.#tracks.stop().then(() => {
      stopped = true;
    });
    while (!stopped) await this.clock.advance(50_000);
    await stopping;
    await this.#files.settled();
    await this.#files.stored();
    this.#keeper.end('complete', new Date().toISOString());
    this.#keeper.update();
    await this.#keeper.written();
    return this.#keeper.manifest;
  }
}
