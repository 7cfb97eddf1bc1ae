/** From the frames of a call, as they come from its tap, to samples in the order of decoding, with nothing missing. */
import type { EncodedFrame } from '../encoded.ts';
import type { RecorderStats } from '../events.ts';
import type { ResolvedOptions } from '../options.ts';
import { Chain, type ChainFrame, type ChainStep, type Outcome } from '../passthrough/chain.ts';
import { RtpTime } from '../passthrough/rtp-time.ts';
import { isKeyFrame, type StreamFamily, VideoStream, videoFamilyOf } from '../passthrough/video-stream.ts';
import type { CallTime } from '../source/call-time.ts';
import type { CallVideo } from './call-video.ts';

const VIDEO_CLOCK = 90_000;
/** Of VP9, which does not tell its level, the lowest is taken that holds this. */
const FRAME_RATE = 30;
/** A key frame that does not come is asked for again after this; microseconds. */
const ASK_AGAIN = 1_000_000;

/** What it needs from its session. */
export interface CallFramesContext {
  lane: CallVideo;
  time: CallTime;
  stats: RecorderStats;
  options: ResolvedOptions['passthrough'];
  askForKeyFrame(): void;
  askWhetherLost(): void;
}

interface Arrived extends ChainFrame {
  data: Uint8Array;
  family: StreamFamily;
}

export class CallFrames {
  readonly #rtp = new RtpTime(VIDEO_CLOCK);
  #chain = new Chain<Arrived>();
  #stream: VideoStream | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly context: CallFramesContext) {}

  push(frame: EncodedFrame, arrival: number): void {
    const { time, stats, lane } = this.context;
    stats.framesIn++;
    const family = videoFamilyOf(frame.mimeType);
    // Between two codecs, of which one can't be recorded, it is the next key frame that goes on.
    if (family === undefined || frame.data.byteLength === 0) return lane.lose(1);
    const { rtpTimestamp: timestamp, ssrc: source } = frame;
    const { time: own } = this.#rtp.map({ timestamp, arrival, source });
    time.observe('video', own, arrival);
    const data = new Uint8Array(frame.data);
    const { frameId, dependencies, spatialIndex, temporalIndex } = frame;
    const arrived: Arrived = {
      ...{ data, family, time: own, key: isKeyFrame(family, data) },
      ...{ frameId, dependencies, spatialIndex, temporalIndex },
      gapless: family === 'avc',
    };
    this.#follow(this.#chain.take(arrived, arrival), arrival);
  }

  #follow({ outcomes, askForKeyFrame, askWhetherLost }: ChainStep<Arrived>, now: number): void {
    for (const outcome of outcomes) this.#settle(outcome);
    if (askForKeyFrame) this.askForKeyFrame(now);
    if (askWhetherLost) this.context.askWhetherLost();
  }

  #settle(outcome: Outcome<Arrived>): void {
    const { lane, options } = this.context;
    const { frame } = outcome;
    if (outcome.action === 'keep') return this.#decode(frame);
    // Damaged, but in its place.
    if (options.damaged === 'keep' && outcome.reason === 'dependency-missing') {
      lane.doubt();
      return this.#decode(frame);
    }
    lane.lose(outcome.reason === 'before-key-frame' && lane.lastTime === undefined ? 0 : 1);
  }

  #decode({ data, family, time }: Arrived): void {
    if (this.#stream?.family !== family) this.#stream = new VideoStream(family, FRAME_RATE);
    const sample = this.#stream.take(data);
    if (sample.kind === 'sample') this.context.lane.push(sample, time);
    else if (sample.kind === 'unusable') this.context.lane.lose(1);
  }

  /** Whether packets were lost of late. */
  judge(lost: boolean, now: number): void {
    this.#follow(this.#chain.judge(lost, now), now);
  }

  /** So many frames could not be taken in time: what comes next may be predicted from them. */
  overflow(frames: number): void {
    this.#end();
    this.context.lane.lose(frames);
  }

  /** Time has passed. */
  tick(now: number): void {
    this.#follow(this.#chain.tick(now), now);
    if (this.context.lane.wantsKey) this.askForKeyFrame(now);
  }

  /** True while a frame waits for one that was lost. */
  get waits(): boolean {
    return this.#chain.waits;
  }

  askForKeyFrame(now: number): void {
    if (now - this.#askedAt < ASK_AGAIN) return;
    this.#askedAt = now;
    this.context.askForKeyFrame();
  }

  /** Nothing more comes: what waits is kept or left out. */
  end(): void {
    this.#end();
  }

  #end(): void {
    for (const outcome of this.#chain.end()) this.#settle(outcome);
    this.#chain = new Chain();
  }
}
