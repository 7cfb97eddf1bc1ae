/** Simulated sources: a camera and a microphone with clocks of their own, from true time to places on the timeline. */
import { AudioClock } from '../../src/source/audio-clock.ts';
import { AudioTimeline } from '../../src/source/audio-timeline.ts';
import { VideoClock } from '../../src/source/video-clock.ts';

export const SECOND = 1_000_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

const RATE = 48_000;
/** As the audio lane does: audio is watched for so long before it is placed. */
const SETTLE = 300_000;
/** What the fastest piece and the fastest frame need, from their beginning. */
const LATENCY = 12_000;
/** What comes together is taken one after another. */
const AT_ONCE = 20;

/** Something that happens once, at a moment of true time; microseconds. */
export interface Happening {
  at: number;
  by: number;
}

/** All times are microseconds; true time is that of the arrivals. */
export interface SourceClock {
  /** What the timestamps begin at. */
  base: number;
  /** By how much the clock runs faster than the arrivals. */
  ppm: number;
  /** How late the piece captured at a moment comes, besides the latency. */
  delay: (at: number) => number;
  /** Timestamps jump by so much. */
  jumps: readonly Happening[];
}

export interface Simulation {
  length: number;
  /** Nothing arrives between `at` and `at + by`; all of it comes then. */
  heldUp: readonly Happening[];
  audio: SourceClock & {
    /** Length of a piece. */
    piece: number;
    /** What timestamps follow: the samples, which run with the clock, or the system's clock, while the samples drift. */
    follows: 'samples' | 'system';
    /** What is captured between `at` and `at + by` is missing. */
    gaps: readonly Happening[];
    /** Whether a piece comes twice. */
    twice: (index: number) => boolean;
    /** Timestamps stand still from `at` on, for `by`. */
    still: readonly Happening[];
  };
  video: SourceClock & { step: number };
}

export type Changes = Partial<Omit<Simulation, 'audio' | 'video'>> & {
  audio?: Partial<Simulation['audio']>;
  video?: Partial<Simulation['video']>;
};

/** Both clocks are exact and everything comes at once, unless said otherwise. */
export const simulation = (changes: Changes = {}): Simulation => {
  const exact = { base: 0, ppm: 0, delay: () => 0, jumps: [] };
  const audio = { piece: 10_000, follows: 'samples', gaps: [], twice: () => false, still: [] } as const;
  return {
    length: MINUTE,
    heldUp: [],
    ...changes,
    audio: { ...exact, ...audio, ...changes.audio },
    video: { ...exact, step: 33_333, ...changes.video },
  };
};

/** A piece of audio on the timeline; pieces that came a second time are left out. */
export interface Placed {
  /** True time of its first sample. */
  at: number;
  /** How much is missing before it, by true time. */
  missing: number;
  /** By how much its first sample lies after the picture of the same moment. */
  apart: number;
  /** Samples of silence before it. */
  silence: number;
  /** Samples that were left out. */
  skip: number;
  stretch: number;
}

/** What became of the audio. */
export interface Outcome {
  samplesIn: number;
  /** Without the silence. */
  samplesOut: number;
  silence: number;
  skipped: number;
  /** Pieces that were stretched. */
  stretched: number;
  /** Frames whose timestamps could not be kept. */
  repaired: number;
}

/** A frame or a piece of audio; the same object is used for all of them. */
interface Captured {
  at: number;
  missing: number;
  again: boolean;
  timestamp: number;
  arrival: number;
}

const jumped = (jumps: readonly Happening[], at: number): number => {
  let sum = 0;
  for (const jump of jumps) if (at >= jump.at) sum += jump.by;
  return sum;
};

const during = (spans: readonly Happening[], at: number): Happening | undefined => {
  for (const span of spans) if (at >= span.at && at < span.at + span.by) return span;
  return undefined;
};

/** What a source gives, in the order in which it comes. */
abstract class Source {
  readonly current: Captured = { at: 0, missing: 0, again: false, timestamp: 0, arrival: 0 };

  constructor(
    private readonly clock: SourceClock,
    private readonly heldUp: readonly Happening[],
  ) {}

  /** Goes on to the next one. */
  abstract next(): void;

  /** @param since the moment that its timestamp tells. */
  protected captured(at: number, drift: number, since: number): void {
    const { base, delay, jumps } = this.clock;
    const came = at + LATENCY + delay(at);
    const held = during(this.heldUp, came);
    const { current } = this;
    current.at = at;
    current.again = false;
    current.timestamp = Math.round(base + since * (1 + drift) + jumped(jumps, since));
    current.arrival = Math.max(current.arrival + AT_ONCE, held ? held.at + held.by : came);
  }
}

class Frames extends Source {
  #index = 0;

  constructor(private readonly given: Simulation) {
    super(given.video, given.heldUp);
  }

  next(): void {
    const { ppm, step } = this.given.video;
    const at = this.#index++ * step;
    this.captured(at, ppm * 1e-6, at);
  }
}

class Pieces extends Source {
  #index = 0;
  #again = false;
  /** True time between two pieces. */
  readonly #step: number;

  constructor(private readonly given: Simulation) {
    super(given.audio, given.heldUp);
    this.#step = given.audio.piece / (1 + given.audio.ppm * 1e-6);
  }

  next(): void {
    const { gaps, still, twice, follows, ppm } = this.given.audio;
    if (this.#again) {
      this.#again = false;
      this.current.again = true;
      this.current.arrival += AT_ONCE;
      return;
    }
    const before = this.#index;
    while (during(gaps, this.#index * this.#step)) this.#index++;
    this.current.missing = (this.#index - before) * this.#step;
    this.#again = twice(this.#index);
    const at = this.#index++ * this.#step;
    this.captured(at, follows === 'samples' ? ppm * 1e-6 : 0, during(still, at)?.at ?? at);
  }
}

/** The clocks as the worker connects them, and the run of samples that the audio lane makes of the pieces. */
class Recording {
  readonly outcome: Outcome = {
    samplesIn: 0,
    samplesOut: 0,
    silence: 0,
    skipped: 0,
    stretched: 0,
    repaired: 0,
  };
  readonly #video = new VideoClock();
  readonly #audio: AudioClock;
  readonly #frames: number;
  #timeline: AudioTimeline | undefined;
  #frame = { at: 0, time: 0 };
  #waiting: (Captured & { own: number })[] = [];
  /** Part of a sample that is still to be written. */
  #rest = 0;

  constructor(
    private readonly given: Simulation,
    private readonly placed: (piece: Placed) => void,
  ) {
    this.#frames = Math.round((given.audio.piece * RATE) / SECOND);
    this.#audio = new AudioClock(arrival => {
      const { floor } = this.#video;
      return Number.isFinite(floor) ? { floor, steady: this.#video.isSteady(arrival) } : undefined;
    });
  }

  frame({ at, timestamp, arrival }: Captured): void {
    const { time, repaired } = this.#video.map(timestamp, arrival);
    this.#frame.at = at;
    this.#frame.time = time;
    if (repaired) this.outcome.repaired++;
  }

  piece(piece: Captured): void {
    const own = this.#audio.observe(piece.timestamp, piece.arrival, this.given.audio.piece);
    if (this.#audio.settled) return this.#place(piece, own);
    this.#waiting.push({ ...piece, own });
    const since = this.#waiting[0]?.arrival ?? 0;
    if (piece.arrival - since < SETTLE || !Number.isFinite(this.#video.floor)) return;
    this.#audio.settle(this.#video.floor);
    for (const waiting of this.#waiting) this.#place(waiting, waiting.own);
  }

  #place({ at, missing, again }: Captured, own: number): void {
    const time = this.#audio.map(own);
    const timeline = (this.#timeline ??= new AudioTimeline(time, RATE));
    const { silence, skip, stretch } = timeline.place(time, this.#frames);
    timeline.advance(silence);
    const apart = timeline.time - (skip * SECOND) / RATE - this.#pictureOf(at);
    const exact = (this.#frames - skip) * (1 + stretch) + this.#rest;
    const kept = Math.floor(exact + 1e-6);
    this.#rest = exact - kept;
    timeline.advance(kept);
    this.outcome.samplesIn += this.#frames;
    this.outcome.samplesOut += kept;
    this.outcome.silence += silence;
    this.outcome.skipped += skip;
    if (stretch !== 0) this.outcome.stretched++;
    if (!again) this.placed({ at, missing, apart, silence, skip, stretch });
  }

  /** Where a picture of this moment lies. */
  #pictureOf(at: number): number {
    return this.#frame.time + (at - this.#frame.at) * (1 + this.given.video.ppm * 1e-6);
  }
}

/** Plays a simulation; calls back for each piece of audio. */
export const play = (given: Simulation, placed: (piece: Placed) => void = () => {}): Outcome => {
  const recording = new Recording(given, placed);
  const frames = new Frames(given);
  const pieces = new Pieces(given);
  frames.next();
  pieces.next();
  while (pieces.current.at < given.length) {
    if (frames.current.arrival <= pieces.current.arrival) {
      recording.frame(frames.current);
      frames.next();
    } else {
      recording.piece(pieces.current);
      pieces.next();
    }
  }
  return recording.outcome;
};

/** Random numbers from 0 up to 1, the same for the same seed. */
export const random = (seed: number): (() => number) => {
  let state = seed === 0 ? 1 : seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
};

/** Delays as of queues: mostly short, at times long, never longer than `most`. The first piece comes without. */
export const exponential = (seed: number, mean: number, most: number): SourceClock['delay'] => {
  const next = random(seed);
  return at => (at === 0 ? 0 : Math.min(most, -mean * Math.log(1 - next())));
};

/** Any delay up to `most`. The first piece comes without. */
export const uniform = (seed: number, most: number): SourceClock['delay'] => {
  const next = random(seed);
  return at => (at === 0 ? 0 : most * next());
};

/** Pieces are kept and come together, so many at a time; `step` apart by true time. */
export const bunched = (count: number, step: number): SourceClock['delay'] => {
  return at => (count - 1 - (Math.round(at / step) % count)) * step;
};
