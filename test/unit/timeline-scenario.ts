/** What may happen to a recording, as a list that can be written down or made up at random. Times are microseconds. */
import type { Recording, Rotation } from '../../src/manifest.ts';
import type { RecorderOptions, ResolvedOptions } from '../../src/options.ts';
import type { emptyStats } from '../../src/worker/stats.ts';
import type { Fate, SimulatedAudioEncoder, SimulatedVideoEncoder } from '../support/simulated-encoders.ts';
import type { Ledger } from '../support/simulated-frames.ts';
import type { Timing } from '../support/simulated-source.ts';

export const SECOND = 1_000_000;
export const HOUR = 3600 * SECOND;

/** What a camera or screen gives. */
export interface VideoShape {
  width: number;
  height: number;
  rotation: Rotation;
  flip: boolean;
  /** Index into `COLORS`. */
  color: number;
  format: string;
  /** Frames per second. */
  rate: number;
}

/** What a microphone gives. */
export interface AudioShape {
  sampleRate: number;
  numberOfChannels: number;
  /** Microseconds of a piece. */
  piece: number;
}

export interface Kind<Shape> {
  shape: Shape;
  timing: Timing;
}

export type Track = 'video' | 'audio';

/** What becomes of a kind of track when the source is replaced. */
export type Next<Shape> = 'same' | 'gone' | Kind<Shape>;

/** Something that happens. */
export type Action =
  | { do: 'nothing' | 'pause' | 'resume' | 'stop' | 'cancel' }
  | { do: 'change'; video?: Partial<VideoShape>; audio?: Partial<AudioShape> }
  | { do: 'mute' | 'unmute' | 'end' | 'break' | 'kill'; track: Track }
  | { do: 'replace'; video: Next<VideoShape>; audio: Next<AudioShape> }
  /** Timestamps run on by so much. */
  | { do: 'jump'; track: Track; by: number }
  /** So many timestamps stand still, or are any number. */
  | { do: 'still' | 'nonsense'; track: Track; count: number }
  /** Nothing runs; what is captured meanwhile is kept. */
  | { do: 'hold-up'; for: number }
  /** Nothing runs, nothing is captured; the clocks that timestamps come from run on or stand still. */
  | { do: 'sleep'; for: number; clocksRunOn: boolean };

export type Step = Action & {
  /** So long after the one before. */
  after: number;
};

export interface Scenario {
  /** For jitter and lags. */
  seed: number;
  options: RecorderOptions;
  /** Less than the options allow. */
  maxFileBytes?: number | undefined;
  video: Kind<VideoShape> | undefined;
  audio: Kind<AudioShape> | undefined;
  encoders: {
    /** A packet takes so long at the most. */
    lag: number;
    /** Families that the browser has; without AAC, audio is Opus. */
    families: readonly string[];
    /** Pixels that encoders take at the most. */
    pixels: number;
    /** Bytes that a packet has at the most. */
    bytes: number;
    /** What becomes of the encoders, in the order in which they are opened. */
    video: readonly Fate[];
    audio: readonly Fate[];
    /** Length of audio packets, where it is not the usual one. */
    packetSeconds?: number | undefined;
  };
  steps: readonly Step[];
}

/** All that can be looked at when it is over. */
export interface Outcome {
  scenario: Scenario;
  options: ResolvedOptions;
  manifest: Recording;
  stats: ReturnType<typeof emptyStats>;
  /** Bytes of the files, in the manifest's order. */
  files: Buffer[];
  failures: unknown[];
  warnings: Set<string>;
  /** What the session was told, in order. */
  told: string[];
  cancelled: boolean;
  ledger: Ledger;
  videoEncoders: SimulatedVideoEncoder[];
  audioEncoders: SimulatedAudioEncoder[];
  /** Frames and pieces that readers were given. */
  handed: Record<Track, number>;
  /** Samples of audio that were captured before the first frame. */
  early: number;
  /** From the first moment to the call of `stop()`. */
  elapsed: number;
  /** Of these, those that are not to be on the timeline: paused, waiting, asleep. */
  left: number;
  /** Simulated time that `stop()` took; infinite when it never ended. */
  stopping: number;
}
