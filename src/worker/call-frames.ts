/** From the frames of a call, as they come from its tap, to samples in the order of decoding, with nothing missing. */
import type { DecoderLook, EncodedFrame, EncodedInput } from '../encoded.ts';
import type { RecorderStats } from '../events.ts';
import type { ResolvedOptions } from '../options.ts';
import { Chain } from '../passthrough/chain.ts';
import type { ChainFrame } from '../passthrough/chain-frame.ts';
import { ChainPlace } from '../passthrough/chain-place.ts';
import { CHAIN_LIMITS, type ChainStep, type Outcome } from '../passthrough/chain-step.ts';
import { LayerChoice } from '../passthrough/layer-choice.ts';
import { type Picture, PictureJoiner } from '../passthrough/picture.ts';
import { RtpTime } from '../passthrough/rtp-time.ts';
import { isKeyFrame, type StreamFamily, VideoStream, videoFamilyOf } from '../passthrough/video-stream.ts';
import type { CallTime } from '../source/call-time.ts';
import type { CallVideo } from './call-video.ts';
import type { Reporter } from './protocol.ts';

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
  input: EncodedInput;
  report: Reporter;
  askForKeyFrame(): void;
  askToLook(): void;
}

interface Arrived extends ChainFrame {
  data: Uint8Array;
  rtpTimestamp: number;
  ssrc: number | undefined;
  /** Something that it is predicted from is missing; it is kept all the same. */
  damaged?: boolean;
}

/** What follows one stream, until it is another one's turn. */
interface Follower {
  ssrc: number | undefined;
  family: StreamFamily;
  chain: Chain<Arrived>;
  pictures: PictureJoiner<Arrived>;
}

export class CallFrames {
  readonly #rtp = new RtpTime(VIDEO_CLOCK);
  readonly #choice: LayerChoice;
  readonly #place = new ChainPlace<Arrived>();
  #follower: Follower | undefined;
  /** Knows parameter sets, which may come before the key frame that needs them. */
  #stream: VideoStream | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;
  /** The call is in a codec that can't be recorded: no key frame would help. */
  #unknown = false;

  constructor(private readonly context: CallFramesContext) {
    this.#choice = new LayerChoice(context.input.side);
  }

  push(frame: EncodedFrame, arrival: number): void {
    const { time, stats, lane, input } = this.context;
    const family = this.#familyOf(frame);
    const { rtpTimestamp, ssrc } = frame;
    const data = new Uint8Array(frame.data);
    this.#unknown = family === undefined;
    const chosen = this.#isChosen(family, data, ssrc, arrival);
    // What a receiver gets from another source, in a codec that is never chosen, is missing; layers of a sender are not.
    if (!chosen && (family !== undefined || input.side === 'sender')) return;
    stats.framesIn++;
    // A call can go over to a codec that can't be recorded, and back: then it is the next key frame that goes on.
    if (!chosen) return lane.miss(1);
    if (family === undefined || data.length === 0) return lane.lose(1);
    const { time: own, restarted } = this.#rtp.map({ timestamp: rtpTimestamp, arrival, source: ssrc });
    const { chain } = this.#followerOf(ssrc, family, arrival);
    // What the one before it has sent is out.
    if (restarted) time.renew('video');
    time.observe('video', own, arrival);
    const { frameId, dependencies, spatialIndex, temporalIndex } = frame;
    const arrived: Arrived = {
      ...{ data, rtpTimestamp, ssrc, time: own, key: isKeyFrame(family, data) },
      ...{ frameId, dependencies, spatialIndex, temporalIndex },
      // Of a sender nothing is lost; and a page's own transform may leave frames out that it can't decrypt.
      gapless: input.side === 'sender' || (family === 'avc' && !input.fed),
    };
    this.#follow(chain.take(arrived, arrival), arrival);
  }

  /** What was silent at the start can't be refused any more, nor what a call goes over to: then it is left out, and told. */
  #familyOf({ mimeType, data }: EncodedFrame): StreamFamily | undefined {
    const family = videoFamilyOf(mimeType);
    if (family !== undefined && (family !== 'vp8' || this.context.options.vp8 === 'record')) return family;
    const text = `Frames of the call are in ${mimeType}, which is not recorded as it is: they are left out.`;
    if (data.byteLength > 0) this.context.report.warn('passthrough-unavailable', text);
    return undefined;
  }

  /** Whether a frame is of the stream that is recorded: a simulcast has several. */
  #isChosen(
    family: StreamFamily | undefined,
    data: Uint8Array,
    ssrc: number | undefined,
    now: number,
  ): boolean {
    if (ssrc === undefined) return true;
    const keyPixels = family && isKeyFrame(family, data) ? pixelsOf(family, data) : undefined;
    const { record, wantKey } = this.#choice.take({ ssrc, bytes: data.length, keyPixels }, now);
    if (wantKey !== undefined) this.#ask();
    return record;
  }

  #followerOf(ssrc: number | undefined, family: StreamFamily, now: number): Follower {
    const follower = this.#follower;
    if (follower?.ssrc === ssrc && follower?.family === family) return follower;
    this.#finish(now);
    const { input, options } = this.context;
    if (this.#stream?.family !== family) this.#stream = new VideoStream(family, FRAME_RATE, options.damaged);
    this.#follower = {
      ssrc,
      family,
      chain: new Chain(CHAIN_LIMITS, input.looks, options.damaged, this.#place),
      pictures: new PictureJoiner(family),
    };
    return this.#follower;
  }

  #follow({ outcomes, askForKeyFrame, askToLook }: ChainStep<Arrived>, now: number): void {
    for (const outcome of outcomes) this.#settle(outcome, now);
    if (askForKeyFrame) this.askForKeyFrame(now);
    if (askToLook) this.context.askToLook();
  }

  #settle(outcome: Outcome<Arrived>, now: number): void {
    const { lane, options } = this.context;
    const { frame } = outcome;
    // A frame that came before: nothing is missing.
    if (outcome.action === 'leave-out' && outcome.reason === 'again') return;
    // Damaged, but in its place.
    const doubtful = outcome.action === 'leave-out' && outcome.reason === 'dependency-missing';
    // Of a call that was joined midway nothing is missing.
    if (outcome.action === 'leave-out' && outcome.reason === 'before-key-frame') return;
    // What is kept after it does without it: the chain sees to that.
    if (outcome.action === 'leave-out' && !(doubtful && options.damaged === 'keep')) return lane.miss(1);
    frame.damaged = doubtful;
    for (const picture of this.#follower?.pictures.take(frame, now) ?? []) this.#show(picture, now);
  }

  #show(picture: Picture<Arrived>, now: number): void {
    const { frames } = picture;
    if (picture.kind === 'unusable') return this.#fail(frames.length, now);
    const sample = this.#stream?.take(picture.data);
    const own = frames[0]?.time;
    if (sample?.kind === 'unusable') this.#fail(1, now);
    if (sample?.kind !== 'sample' || own === undefined) return;
    const missing = sample.type === 'delta' && sample.damaged === true;
    // A key frame needs nothing of what is missing.
    const doubtful = sample.type === 'delta' && frames.some(({ damaged }) => damaged);
    this.context.lane.push(sample, own, missing || doubtful);
    if (missing) this.#breakChain(now);
  }

  /** What comes next is predicted from what can't be recorded. */
  #fail(frames: number, now: number): void {
    const { lane, options } = this.context;
    // What is kept though damaged goes on at once.
    if (options.damaged === 'keep') lane.miss(frames);
    else lane.lose(frames);
    this.#breakChain(now);
  }

  #breakChain(now: number): void {
    const chain = this.#follower?.chain;
    if (chain) this.#follow(chain.fail(now), now);
  }

  /** What the page has seen of its decoder. */
  see(look: DecoderLook, now: number): void {
    const chain = this.#follower?.chain;
    if (chain) this.#follow(chain.see(look, now), now);
  }

  /** Time of the first frame that waits for the decoder, by the track's own clock. */
  get heldFrom(): number | undefined {
    return this.#follower?.chain.heldFrom;
  }

  /** What comes waits for the decoder. */
  get isHolding(): boolean {
    return this.#follower?.chain.isHolding ?? false;
  }

  /** What waits for the decoder comes now, or not at all: the timeline is about to move. */
  letGo(now: number): void {
    if (this.heldFrom !== undefined) this.#finish(now);
  }

  /** So many frames could not be taken in time: what comes next may be predicted from them. */
  overflow(frames: number, now: number): void {
    this.#fail(frames, now);
  }

  /** Time has passed. */
  tick(now: number): void {
    const { lane } = this.context;
    const follower = this.#follower;
    if (follower) {
      this.#follow(follower.chain.tick(now), now);
      for (const picture of follower.pictures.tick(now)) this.#show(picture, now);
    }
    if (this.#choice.tick(now) !== undefined) this.#ask();
    if (lane.wantsKey && !follower?.chain.holdsKey) this.askForKeyFrame(now);
  }

  /** Now, whenever it was asked for last: nothing before counts any more. */
  askAnew(now: number): void {
    this.#askedAt = Number.NEGATIVE_INFINITY;
    this.askForKeyFrame(now);
  }

  /** Not more often than a key frame can be expected to come. */
  askForKeyFrame(now: number): void {
    if (now - this.#askedAt < ASK_AGAIN) return;
    if (this.#ask()) this.#askedAt = now;
  }

  /** Each key frame costs the call quality: not for what comes during a pause, nor for what can't be recorded. */
  #ask(): boolean {
    if (this.#unknown || this.context.time.gates.video.since !== undefined) return false;
    this.context.askForKeyFrame();
    return true;
  }

  /** Nothing more comes: what waits is kept or left out. */
  end(now: number): void {
    this.#finish(now);
  }

  #finish(now: number): void {
    const follower = this.#follower;
    if (!follower) return;
    for (const outcome of follower.chain.end()) this.#settle(outcome, now);
    for (const picture of follower.pictures.end()) this.#show(picture, now);
    this.#follower = undefined;
  }
}

/** How large the picture of a key frame is; `undefined` when its parameters came apart from it. */
const pixelsOf = (family: StreamFamily, data: Uint8Array): number | undefined => {
  const sample = new VideoStream(family, FRAME_RATE).take(data);
  if (sample.kind !== 'sample' || sample.type !== 'key') return undefined;
  return sample.parameters.codedWidth * sample.parameters.codedHeight;
};
