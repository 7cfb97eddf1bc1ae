/** What a chain says of the frames that it is given, and within which limits. */
import type { ChainFrame } from './chain-frame.ts';

export type LeaveOutReason =
  /** Nothing can be decoded yet. */
  | 'before-key-frame'
  /** What it is predicted from did not come in time, or was left out itself. In its place in time all the same. */
  | 'dependency-missing'
  /** Later frames are recorded already, or it is itself: there is no place for it any more. */
  | 'late'
  /** It is there already. */
  | 'again';

/** Why a frame is kept. */
export type KeepReason =
  | 'key-frame'
  /** All that it is predicted from, by its numbers, is kept. */
  | 'dependencies'
  /** The browser would not have delivered it otherwise. */
  | 'gapless'
  /** The page's decoder has shown it, or what is predicted from it. */
  | 'decoded'
  /** It lies as close behind the one before as they do as a rule. */
  | 'usual-step'
  /** The statistics say that no packet was lost: where one is missing, the sender left it out. */
  | 'nothing-lost'
  /** One may be missing, and nobody said whether. */
  | 'unanswered'
  /** Nothing tells of a loss: too little came yet, or a sender that gave numbers gives none any more. */
  | 'unknown';

/** What is to be done with a frame. Each frame that was given comes out exactly once. */
export type Outcome<T extends ChainFrame> =
  /** @property certain whether nothing that it is predicted from can be missing, as far as can be told. */
  | { action: 'keep'; frame: T; certain: boolean; reason: KeepReason }
  | { action: 'leave-out'; frame: T; reason: LeaveOutReason };

export interface ChainStep<T extends ChainFrame> {
  /** Kept frames are in order of time; layers of one picture in order of layers. */
  outcomes: Outcome<T>[];
  /** Ask the sender for a key frame, now. */
  askForKeyFrame: boolean;
  /** See how far the page's decoder has come and what was lost, and say so by `see`. */
  askToLook: boolean;
}

export interface ChainCounts {
  kept: number;
  keyFrames: number;
  /** Of the kept ones, those that nothing vouches for. */
  uncertain: number;
  leftOut: Record<LeaveOutReason, number>;
  asked: number;
}

export const newCounts = (): ChainCounts => ({
  kept: 0,
  keyFrames: 0,
  uncertain: 0,
  leftOut: { 'before-key-frame': 0, 'dependency-missing': 0, late: 0, again: 0 },
  asked: 0,
});

export interface ChainLimits {
  /**
   * A frame waits so long for what it is predicted from: a packet that is sent again takes a round trip or two. And so
   * long for the answer whether something was lost. Microseconds.
   */
  patience: number;
  /** A key frame that does not come is asked for again after this; microseconds. */
  askAgain: number;
  /** No more frames wait than this. */
  mostWaiting: number;
  /** A decoder that shows nothing new for so long, while frames wait for it, is not waited for; microseconds. */
  standstill: number;
  /** No more frames wait for the decoder than this. */
  mostHeld: number;
}

export const CHAIN_LIMITS: ChainLimits = {
  patience: 500_000,
  askAgain: 1_000_000,
  mostWaiting: 60,
  standstill: 3_000_000,
  mostHeld: 300,
};

export const CERTAIN: Readonly<Record<KeepReason, boolean>> = {
  'key-frame': true,
  dependencies: true,
  gapless: true,
  decoded: true,
  'usual-step': true,
  'nothing-lost': true,
  unanswered: false,
  unknown: false,
};
