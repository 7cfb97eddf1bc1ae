/** Sound of a call on its way into files: its place on the timeline, and silence where there is none. */
import { type CutLimits, decideAudio } from '../cut/decide.ts';
import type { EncodedFrame, EncodedInput } from '../encoded.ts';
import type { RecorderStats } from '../events.ts';
import type { CutReason } from '../manifest.ts';
import { opusConfig } from '../passthrough/opus.ts';
import { fillGap, type OpusGap, type OpusPiece, OpusTrack } from '../passthrough/opus-track.ts';
import type { CallTime } from '../source/call-time.ts';
import type { AudioEpoch, AudioPlan } from './audio-plan.ts';
import type { MediaFiles } from './media-files.ts';
import type { AudioTrackInfo } from './open-file.ts';
import type { Reporter } from './protocol.ts';

/** How long both tracks are watched at the most, when their delays do not come to rest; microseconds. */
const LONGEST_SETTLE = 2_000_000;
/** Steps that wait: a minute of 20 ms. */
const QUEUE_LIMIT = 3_000;
/** Sound that stays away for so long is taken for silent; what fills it stays so far behind, for what is only late. */
const SILENT_AFTER = 2_000_000;
/** Silence is put into files piece by piece; microseconds. */
const FILL_STEP = 1_000_000;
const SAMPLES_PER_MICROSECOND = 0.048;

/** All of a call's sound is the same: RTP announces Opus with two channels at 48 kHz, whatever the packets hold. */
const SOURCE = { sampleRate: 48_000, numberOfChannels: 2 };

type Step = OpusPiece | OpusGap;

/** What the lane needs from its session. */
export interface CallAudioContext {
  time: CallTime;
  plan: AudioPlan;
  files: MediaFiles;
  stats: RecorderStats;
  report: Reporter;
  limits: CutLimits;
  /** Where packets come from: of the sender itself, none is lost. */
  side: EncodedInput['side'];
  /** True while cuts are decided by the video. */
  videoLeads(): boolean;
  /** All cuts up to this time on the timeline are decided. */
  decidedUpTo(): number;
  reasonNow(reason: CutReason): CutReason;
}

export class CallAudio {
  #track: OpusTrack;
  #queue: Step[] = [];
  #bothSince: number | undefined;
  /** Time on the timeline at which the last packet ends. */
  #endTime: number | undefined;
  /** Up to here, silence stands for what did not come. */
  #filledUntil = Number.NEGATIVE_INFINITY;
  #announced = new Set<number>();

  constructor(private readonly context: CallAudioContext) {
    this.#track = new OpusTrack(context.side);
  }

  /** Time on the timeline up to which there is sound. */
  get time(): number | undefined {
    return this.#endTime;
  }

  /** What comes together is put into files by `advance` when all of it was given. */
  push(frame: EncodedFrame, arrival: number): void {
    const { time } = this.context;
    const { renewals } = this.#track;
    const steps = this.#track.take({ ...frame, arrival });
    if (this.#track.renewals !== renewals) this.#renew();
    for (const step of steps) if (step.kind === 'packet') time.observe('audio', step.time, arrival);
    this.#enqueue(steps);
  }

  /** Another sender's sound waits until it is known where it lies, as at the start. */
  #renew(): void {
    const { time } = this.context;
    this.place();
    if (time.isSettled('audio')) this.#bothSince = undefined;
    time.rebase('audio');
  }

  #enqueue(steps: readonly Step[]): void {
    this.#queue.push(...steps);
    // Only where nothing can be placed for a minute: what is oldest is of no use any more.
    const over = this.#queue.length - QUEUE_LIMIT;
    if (over > 0) this.#drop(this.#queue.splice(0, over));
  }

  #drop(steps: readonly Step[]): void {
    const { stats, report } = this.context;
    for (const { duration } of steps)
      stats.audioSamplesDropped += Math.round(duration * SAMPLES_PER_MICROSECOND);
    if (steps.length > 0) report.warn('audio-dropped', 'Sound came that has no place, and is left out.');
  }

  /** Time has passed: puts into files what has its place by now. */
  advance(now: number): void {
    this.#enqueue(this.#track.tick(now));
    const { time } = this.context;
    // What comes during a pause before anything has its place is no part of the recording.
    if (!time.isSettled('audio') && time.gates.audio.since !== undefined) this.#queue = [];
    if (!this.#isPlaced(now)) return;
    const { decidedUpTo } = this.context;
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      const at = time.map('audio', next.time);
      if (at + next.duration > decidedUpTo()) return;
      this.#queue.shift();
      this.#take(next, at);
    }
  }

  /** Whether it is known where sound lies. */
  #isPlaced(now: number): boolean {
    const { time, videoLeads } = this.context;
    if (time.isSettled('audio')) return true;
    const [first] = this.#queue;
    if (!first || time.gates.audio.since !== undefined) return false;
    if (time.isSettled('video')) {
      this.#bothSince ??= now;
      const steady = time.isSteady('audio', now) && time.isSteady('video', now);
      if (!steady && now - this.#bothSince < LONGEST_SETTLE) return false;
      time.settle('audio');
      return true;
    }
    if (videoLeads()) return false;
    if (this.#endTime === undefined) time.begin('audio', first.time, 0);
    else time.settle('audio');
    return true;
  }

  #take(step: Step, at: number): void {
    if (step.kind !== 'gap') return this.#piece(step, at);
    // A sender that was silent for long goes on: what `fillSilence` has put there meanwhile is there already.
    const time = Math.max(at, this.#endTime ?? at);
    const duration = at + step.duration - time;
    for (const piece of fillGap({ ...step, time, duration })) this.#piece(piece, piece.time);
  }

  #piece(piece: OpusPiece, at: number): void {
    const { stats, report } = this.context;
    if (piece.kind === 'silence') {
      stats.audioSamplesFilled += Math.round(piece.duration * SAMPLES_PER_MICROSECOND);
      if (piece.cause === 'loss')
        report.warn('audio-gap', 'Sound was lost on the network: there is silence in its place.');
    }
    this.#packet(piece, at);
  }

  #packet({ data, duration }: { data: Uint8Array; duration: number }, at: number): void {
    const { time, stats, files, report } = this.context;
    const samples = Math.round(duration * SAMPLES_PER_MICROSECOND);
    stats.audioSamplesIn += samples;
    if (!time.gates.audio.open(at) || at + duration <= 0) return;
    if (this.#endTime !== undefined && at + duration / 2 < this.#endTime) {
      stats.audioSamplesDropped += samples;
      // Where one call follows another, they may overlap by some packets: nobody misses those.
      if (at < this.#filledUntil)
        report.warn('audio-dropped', 'Sound came so late that there is silence in its place already.');
      return;
    }
    this.#cutAlone(at, duration, data.byteLength);
    const epoch = this.#epochAt(at);
    // What joins has no file before the key frame that its first one begins with: put there, all of it would lie too late.
    if (epoch === undefined || at + duration <= epoch.startTime) return;
    files.routeAudio(epoch.id, { data, timestamp: at, duration });
    this.#endTime = at + duration;
  }

  /** The run of sound that a packet belongs to, known to the files. */
  #epochAt(at: number): AudioEpoch | undefined {
    const { plan, files } = this.context;
    plan.arrived(at, SOURCE);
    const epoch = plan.epochAt(at);
    if (!epoch) return undefined;
    if (!this.#announced.has(epoch.id)) {
      this.#announced.add(epoch.id);
      files.announceAudio(epoch.id, trackInfo());
    }
    return epoch;
  }

  /** Without video, files are cut at packets. */
  #cutAlone(at: number, duration: number, bytes: number): void {
    const { videoLeads, files, limits, plan, reasonNow } = this.context;
    if (videoLeads()) return;
    const file = files.current;
    if (!file) return this.#begin(files.reasonForFirst, at);
    if (file.setup.video) return;
    const decision = decideAudio({
      file: { startTime: file.setup.startTime, expectedBytes: file.expectedBytes(0) },
      block: { time: at, duration, expectedBytes: bytes },
      change: plan.changeBefore(at),
      limits,
    });
    if (decision.action === 'cut') this.#begin(reasonNow(decision.reason), at);
  }

  #begin(reason: CutReason, at: number): void {
    const { files, plan } = this.context;
    const startTime = Math.max(at, files.earliest);
    if (files.current) files.current.endTime = startTime;
    plan.arrived(at, SOURCE);
    files.begin({ reason, startTime, video: undefined, audioEpoch: plan.epochAtCut(startTime) });
  }

  /**
   * Silence for a track that is there and gives nothing, up to now but for what may only be late.
   *
   * @param since arrival time from which on it was to give something.
   */
  fillSilence(now: number, since: number): void {
    const { time, files } = this.context;
    const last = Math.max(since, time.lastArrival('audio') ?? since);
    if (now - last < SILENT_AFTER || time.gates.audio.since !== undefined || !files.current) return;
    this.fillUntil((time.at(now) ?? 0) - SILENT_AFTER);
  }

  /** @param until on the timeline. */
  fillUntil(until: number): void {
    const time = this.#endTime ?? 0;
    const duration = Math.floor((until - time) / FILL_STEP) * FILL_STEP;
    if (duration <= 0) return;
    this.#take({ kind: 'gap', time, duration, cause: 'silence', certain: false }, time);
    this.#filledUntil = time + duration;
  }

  /** What comes next is another track. */
  restart(side: EncodedInput['side']): void {
    this.#flush();
    this.#track = new OpusTrack(side);
    this.#bothSince = undefined;
  }

  #flush(): void {
    this.#enqueue(this.#track.end());
    this.place();
    this.#queue = [];
  }

  /** The timeline is about to move: what has its place by now gets it. */
  place(): void {
    const { time } = this.context;
    if (!time.isSettled('audio')) return;
    for (const step of this.#queue.splice(0)) this.#take(step, time.map('audio', step.time));
  }

  /** No more sound: puts what waits into files. */
  drain(now: number): void {
    this.advance(now);
    const { time } = this.context;
    // It has not come to rest, and will not any more.
    if (!time.isSettled('audio') && time.isSettled('video')) time.settle('audio');
    this.#flush();
  }
}

const trackInfo = (): AudioTrackInfo => {
  const config = opusConfig();
  return { family: 'opus', config, continued: config, source: SOURCE };
};
