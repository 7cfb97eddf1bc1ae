/** Where things lie on the recording's timeline: the clocks of both tracks, and the time that is not on it. */
import type { GapEvent } from '../manifest.ts';
import { toSeconds } from '../media.ts';
import { AudioClock } from '../source/audio-clock.ts';
import { PauseGate } from '../source/pause-gate.ts';
import { VideoClock } from '../source/video-clock.ts';
import type { WallClock } from '../source/wall-clock.ts';

/** When nothing at all has happened for so long, not even a timer, the machine or the page was asleep; microseconds. */
const ASLEEP = 10_000_000;

/**
 * With a frame so long ago, the next one comes soon enough for sound to wait for it: a crash may take a tenth of a second. Microseconds.
 */
const FRAME_SOON = 50_000;

/** A file that begins is written when it has both; microseconds. */
const YOUNG = 100_000;

/** A recording runs, or stands still from an arrival time on. */
type Progress = { name: 'running' } | { name: 'halted'; at: number; type: 'pause' | 'wait' };

/** All times are microseconds. */
export class RecordingTime {
  /** Arrival time at which it began, or went on after a halt: from then on tracks are expected. */
  began: number;
  readonly video: VideoClock;
  readonly audio: AudioClock;
  readonly gates = { video: new PauseGate(), audio: new PauseGate() };
  #progress: Progress = { name: 'running' };
  #resumedAt = Number.NEGATIVE_INFINITY;
  #lastSign: number;

  /**
   * @param note hears of time that is left out.
   * @param least where a source's first frame lies at the least.
   */
  constructor(
    private readonly wall: WallClock,
    private readonly note: (event: GapEvent) => void,
    least: () => number = () => Number.NEGATIVE_INFINITY,
  ) {
    this.began = wall.now();
    this.#lastSign = this.began;
    // Video that comes after audio has begun alone lies where the audio is by then.
    this.video = new VideoClock(arrival => (this.audio.settled ? this.audio.timeAt(arrival) : 0), least);
    this.audio = new AudioClock(arrival => {
      const { floor } = this.video;
      return Number.isFinite(floor) ? { floor, steady: this.video.isSteady(arrival) } : undefined;
    });
  }

  /** Arrival time of what arrives now. */
  now(): number {
    return this.wall.now();
  }

  /** Where something that arrives at this time without delay lies, by whichever track leads. */
  at(arrival: number): number | undefined {
    const { floor } = this.video;
    if (Number.isFinite(floor)) return arrival - floor;
    return this.audio.settled ? this.audio.timeAt(arrival) : undefined;
  }

  /** Where a frame that arrives now without delay would lie; minus infinity before the first. */
  get videoNow(): number {
    const { floor } = this.video;
    return Number.isFinite(floor) ? this.now() - floor : Number.NEGATIVE_INFINITY;
  }

  /**
   * True when a frame comes soon, with which the sound is decided on, and nothing of the sound waits to be read. Each piece that is waited
   * for wakes the worker, a hundred times a second; those that wait for the frame are read with it.
   *
   * @param begun where the file begins, which waits for its first sound.
   */
  soundMayWait(now: number, begun = Number.NaN): boolean {
    const { audio, video } = this;
    const isSoon = now - (video.lastArrival ?? Number.NaN) < FRAME_SOON;
    return isSoon && audio.caughtUp && now - video.floor - begun > YOUNG;
  }

  /** Arrival time at which the recording was halted, while it is. */
  get haltedAt(): number | undefined {
    return this.#progress.name === 'halted' ? this.#progress.at : undefined;
  }

  /** Arrival time at which the recording went on last. */
  get resumedAt(): number {
    return this.#resumedAt;
  }

  /**
   * What is captured from now on is no part of the recording.
   *
   * @param time where that is on the timeline; default: now.
   */
  halt(type: 'pause' | 'wait', time?: number): void {
    if (this.#progress.name === 'halted') return;
    this.stir();
    const at = this.now();
    this.#progress = { name: 'halted', at, type };
    const since = time ?? this.at(at) ?? Number.NEGATIVE_INFINITY;
    this.gates.video.pause(since);
    this.gates.audio.pause(since);
  }

  /** Goes on where it was halted. */
  goOn(): void {
    this.stir();
    const { since } = this.gates.video;
    if (this.#progress.name === 'running' || since === undefined) return;
    const { type } = this.#progress;
    const at = this.now();
    const time = this.at(at) ?? 0;
    const gap = this.gates.video.resume(time);
    this.gates.audio.resume(time);
    this.#moveBack(gap);
    this.#progress = { name: 'running' };
    this.began = this.#resumedAt = at;
    if (gap > 0) this.note({ time: toSeconds(since), type, duration: toSeconds(gap) });
  }

  /**
   * Something happens: a piece has come, or a timer. After a sleep of hours the timeline goes on where it was, so that
   * nothing has to be filled.
   *
   * @returns true when the time before it was slept through.
   */
  stir(): boolean {
    const at = this.now();
    const gap = at - this.#lastSign;
    const before = this.at(this.#lastSign);
    this.#lastSign = at;
    if (gap < ASLEEP) return false;
    this.video.rebase();
    this.audio.rebase();
    // What a halt leaves out, it leaves out whole.
    if (this.#progress.name === 'halted') return false;
    this.#moveBack(gap);
    this.#resumedAt = at;
    if (before !== undefined)
      this.note({
        time: toSeconds(Math.max(0, Math.round(before))),
        type: 'sleep',
        duration: toSeconds(gap),
      });
    return true;
  }

  #moveBack(gap: number): void {
    this.video.moveBack(gap);
    this.audio.moveBack(gap);
  }
}
