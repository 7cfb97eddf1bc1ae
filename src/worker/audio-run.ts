/** An audio encoder and the unbroken run of samples that goes into it. */
import { AudioFitter } from '../compose/audio-fit.ts';
import { Stretcher } from '../compose/resampler.ts';
import { audioChange } from '../cut/parameters.ts';
import type { TrackAudioEncoder } from '../encode/audio-encoder.ts';
import type { RecorderStats } from '../events.ts';
import type { AudioSource } from '../media.ts';
import { AudioTimeline } from '../source/audio-timeline.ts';
import { type Plane, silencePlanes } from './audio-piece.ts';
import type { Reporter } from './protocol.ts';

/** Silence is encoded in pieces of a tenth of a second. */
const SILENCE_PIECES = 10;
/** Pieces of 20 ms that may wait in the encoder while silence is filled in. */
const SILENCE_QUEUE = 500;
/** How often a full encoder is looked at; milliseconds. */
const LOOK_AGAIN = 5;

/** What a run is opened with. */
export interface AudioRunSetup {
  /** Number of the epoch that its packets belong to. */
  epoch: number;
  /** What the encoder takes. */
  source: AudioSource;
  encoder: TrackAudioEncoder;
  /** Where the first sample lies; microseconds on the timeline. */
  origin: number;
  stats: RecorderStats;
  report: Reporter;
}

export class AudioRun {
  readonly epoch: number;
  readonly source: AudioSource;
  readonly #encoder: TrackAudioEncoder;
  readonly #timeline: AudioTimeline;
  readonly #fitter: AudioFitter;
  readonly #stretcher = new Stretcher();
  #closed = false;
  /** Part of a sample by which the audio was stretched and that is not yet counted. */
  #stretched = 0;
  /** True once the encoder has died. */
  failed = false;

  constructor(private readonly setup: AudioRunSetup) {
    const { epoch, source, encoder, origin } = setup;
    this.epoch = epoch;
    this.source = source;
    this.#encoder = encoder;
    this.#timeline = new AudioTimeline(origin, source.sampleRate);
    this.#fitter = new AudioFitter(source);
  }

  /** Where the next sample goes; microseconds on the timeline. */
  get time(): number {
    return this.#timeline.time;
  }

  /** Where an encoder goes on that takes over: what a dead one still held is lost, and becomes silence. */
  get goOnAt(): number {
    if (!this.failed) return this.time;
    return this.#encoder.goOnAt ?? this.setup.origin;
  }

  /** Pieces of 20 ms that are in the encoder. */
  get pending(): number {
    return this.#encoder.pending;
  }

  /** Samples that a dead encoder still held. */
  get lost(): number {
    return this.#encoder.lost;
  }

  /** Encodes a piece that lies at this time, so that the run stays unbroken. */
  async place(given: Plane[], source: AudioSource, time: number): Promise<void> {
    const { stats, report } = this.setup;
    const planes =
      audioChange(this.source, source) === undefined ? given : this.#fitter.fit(given, source.sampleRate);
    const frames = planes[0]?.length ?? 0;
    const early = this.#beforeStart(time, frames);
    const { silence, skip, stretch } =
      early > 0 ? { silence: 0, skip: early, stretch: 0 } : this.#timeline.place(time, frames);
    if (silence > 0) await this.#silence(silence);
    if (skip > 0 && early === 0) {
      stats.audioSamplesDropped += skip;
      report.warn(
        'audio-overlap',
        'The audio overlapped what was there and was left out.',
        stats.audioSamplesDropped,
      );
    }
    this.#stretch(skip === 0 ? planes : planes.map(plane => plane.slice(skip)), stretch);
  }

  /** Samples that lie before the recording's first moment. */
  #beforeStart(time: number, frames: number): number {
    if (this.time > 0 || time >= 0) return 0;
    return Math.min(frames, Math.round((-time * this.source.sampleRate) / 1e6));
  }

  #stretch(planes: Plane[], by: number): void {
    const stretched = this.#stretcher.stretch(planes, by);
    this.#stretched += Math.abs((planes[0]?.length ?? 0) * by);
    const whole = Math.floor(this.#stretched);
    this.#stretched -= whole;
    this.setup.stats.audioSamplesStretched += whole;
    this.#encode(stretched);
  }

  #encode(planes: Plane[]): void {
    const { time } = this;
    const frames = planes[0]?.length ?? 0;
    this.#timeline.advance(frames);
    if (!this.#encoder.encode({ planes, sampleRate: this.source.sampleRate, time }))
      this.setup.stats.audioSamplesDropped += frames;
  }

  /** Silence up to this time on the timeline, because nothing comes. */
  async fillUntil(time: number): Promise<void> {
    const missing = Math.floor(((time - this.time) * this.source.sampleRate) / 1e6);
    if (missing > 0) await this.#silence(missing);
  }

  /** When it is a lot, it waits for the encoder, so that memory stays flat. */
  async #silence(samples: number): Promise<void> {
    const { stats, report } = this.setup;
    const { sampleRate, numberOfChannels } = this.source;
    const most = Math.ceil(sampleRate / SILENCE_PIECES);
    for (let left = samples; left > 0 && !this.failed && !this.#closed; left -= most) {
      while (this.#encoder.pending > SILENCE_QUEUE && !this.failed && !this.#closed)
        await new Promise(resolve => setTimeout(resolve, LOOK_AGAIN));
      const length = Math.min(left, most);
      this.#encode(this.#stretcher.stretch(silencePlanes(numberOfChannels, length), 0));
      stats.audioSamplesFilled += length;
    }
    report.warn('audio-gap', 'The audio had gaps, which are filled with silence.', stats.audioSamplesFilled);
  }

  /** Gets the last packets out. Never rejects. */
  async finish(): Promise<void> {
    const rest = this.#stretcher.flush();
    if (rest.length > 0 && !this.failed) this.#encode(rest);
    await this.#encoder.finish();
  }

  /** Lets the encoder go at once. */
  close(): void {
    this.#closed = true;
    this.#encoder.close();
  }
}
