/** The tracks of a recording that is made of a ring's packets: of what was, of what comes, or of both. */
import type { FromRing, ToRing } from '../clip/protocol.ts';
import { chooseVideo } from '../encode/choose.ts';
import { WorkerFailedError } from '../errors.ts';
import { toSeconds, type VideoCodecFamily } from '../media.ts';
import { encodeAgain } from './exact.ts';
import type { EncodedKeyFrame, MediaTracks, TracksContext } from './media-tracks.ts';
import type { RingInput } from './protocol.ts';
import { RingTaker } from './ring-taker.ts';

/** How often it is asked where the stream is, while nothing comes; milliseconds. */
const LOOK = 250;
/** Sound is encoded so long after it was captured, at the most: what has not come by then does not come; microseconds. */
const LATE = 500_000;
/** And frames of a call, which come in bunches where they wait for the page's decoder, are waited for so often at the most. */
const MOST_STOOD = 8;

/** What comes as it is encoded is asked for so often: a message for each packet costs more than what is done with it; milliseconds. */
const TOGETHER = 50;
/** A batch with more is not from the end of the ring; bytes. */
const AT_END = 64 * 1024;

type Begin = Extract<FromRing, { type: 'begin' }>;
type Now = Pick<Extract<FromRing, { type: 'now' }>, 'time' | 'given'>;

export class RingTracks implements MediaTracks<never> {
  readonly #port: MessagePort;
  #taker: RingTaker | undefined;
  #bounds: Begin | undefined;
  /** Entries are taken one batch after another: the first group of pictures may have to be encoded again. */
  #taking: Promise<void> = Promise.resolve();
  #over = false;
  /** The stream has come to the end of the recording. */
  #reached = false;
  #looking: (() => void) | undefined;
  #asked: ((answer: Now) => void)[] = [];
  /** How far everything had come when it was last looked. */
  #seen: string | undefined;
  #ended: (() => void) | undefined;
  #stopping = false;
  /** Nothing from here on is taken; microseconds on the ring's timeline. */
  #stoppedAt = Number.NEGATIVE_INFINITY;
  /** More was asked for, and there is none yet: all that the ring has was taken. */
  #wanting = false;

  constructor(
    private readonly context: TracksContext,
    private readonly input: RingInput,
  ) {
    this.#port = input.port;
    this.#port.onmessage = ({ data }: MessageEvent<FromRing>) => this.#on(data);
    this.#more();
    this.#looking = context.wall.every(LOOK, () => this.#look());
  }

  #more(): void {
    this.#wanting = true;
    this.#tell({ type: 'more' });
  }

  #tell(message: ToRing): void {
    if (!this.#over) this.#port.postMessage(message);
  }

  #on(message: FromRing): void {
    const { onWaiting, onResumed, report } = this.context;
    switch (message.type) {
      case 'begin':
        return this.#begin(message);
      case 'entries':
        this.#wanting = false;
        this.#taking = this.#taking.then(() => this.#take(message.entries)).catch(report.fail);
        return;
      case 'now':
        return this.#asked.shift()?.(message);
      case 'waiting':
      case 'resumed':
        // It ends anyway.
        if (this.#stopping) return;
        return message.type === 'waiting' ? onWaiting() : onResumed();
      case 'over':
        if (message.error !== undefined) report.fail(new WorkerFailedError(message.error));
        this.#taking = this.#taking.then(() => this.#end());
    }
  }

  #begin(begin: Begin): void {
    const { files, stats, keeper } = this.context;
    this.#bounds = begin;
    const note = keeper.note.bind(keeper);
    const onKeyFrame = (frame: EncodedKeyFrame): void => this.context.onKeyFrame?.(frame);
    const lost =
      'The ring has no room any more for what was to be recorded, or could not read it: it is left out.';
    const onLost = (): void => this.context.report.warn('frames-dropped', lost);
    const taker = { files, stats, note, onKeyFrame, onLost };
    this.#taker = new RingTaker(taker, begin, begin.known, this.input.exact);
  }

  async #take(entries: Extract<FromRing, { type: 'entries' }>['entries']): Promise<void> {
    const taker = this.#taker;
    if (!taker || this.#over) return;
    for (const entry of entries) {
      if (taker.groupBefore(entry)) await this.#encodeGroup(taker);
      taker.take(entry);
      if (!taker.complete) continue;
      this.#reached = true;
      return this.#end();
    }
    const bytes = entries.reduce((sum, entry) => sum + ('data' in entry ? entry.data.byteLength : 0), 0);
    if (bytes > AT_END || this.#stopping) this.#more();
    else this.context.wall.after(TOGETHER, () => this.#tell({ type: 'more' }));
  }

  async #encodeGroup(taker: RingTaker): Promise<void> {
    const group = taker.groupBefore();
    const { options } = this.context.setup;
    const { from = 0, until = Number.POSITIVE_INFINITY } = this.#bounds ?? {};
    const video = group?.run.video;
    if (!group || !video) return;
    const { width, height } = video.source;
    const shape = { width, height, frameRate: video.frameRate ?? this.input.frameRate ?? 30 };
    try {
      const { config } = await chooseVideo(video.family as VideoCodecFamily, shape, options.video.bitrate);
      const { packets, config: encoded } = await encodeAgain(group, config, from, until);
      taker.putGroup(packets, encoded);
    } catch (error) {
      const message = `The clip begins with the key frame after what was asked for: ${String(error)}`;
      this.context.report.warn('frames-dropped', message);
      taker.putGroup([], undefined);
    }
  }

  /** While nothing comes: the stream may stand still, and the recording's time be over all the same. */
  #look(): void {
    const until = this.#bounds?.until;
    if (until === undefined || this.#stopping) return;
    const before = this.#taker?.progress;
    const stands = before === this.#seen;
    this.#seen = before;
    if (!stands) return;
    void this.#now().then(({ given }) => {
      if (given - LATE < until || this.#taker?.progress !== before) return;
      this.#taking = this.#taking.then(() => {
        this.#reached = true;
        return this.#end();
      });
    });
  }

  /** Where the stream is: all that was captured before lies before it. */
  #now(): Promise<Now> {
    return new Promise(resolve => {
      this.#asked.push(resolve);
      // The ring's worker may be held up: it is this moment that counts.
      this.#tell({ type: 'now', at: performance.timeOrigin + performance.now() });
    });
  }

  /** All that the recording is made of has come. */
  async #end(): Promise<void> {
    if (this.#over) return;
    if (this.#taker?.groupBefore()) await this.#encodeGroup(this.#taker);
    this.#close();
    this.#taker?.finish(this.#reached);
    this.#ended?.();
    if (!this.#stopping) this.context.onEnded();
  }

  get endTime(): number {
    return this.#taker?.time ?? 0;
  }

  get duration(): number {
    return toSeconds(this.#taker?.time ?? 0);
  }

  /** What was captured before this moment is recorded. */
  pause(): void {
    void this.#now().then(({ time }) => {
      this.#taking = this.#taking.then(() => this.#taker?.pause(time));
    });
  }

  resume(): void {
    void this.#now().then(({ time }) => {
      this.#taking = this.#taking.then(() => this.#taker?.resume(time));
      this.#tell({ type: 'key-frame' });
    });
  }

  /** The stream is the ring's. */
  async replace(): Promise<void> {}

  keyFrameAt(): void {
    this.#tell({ type: 'key-frame' });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    if (!this.#over) {
      const ended = new Promise<void>(resolve => (this.#ended = resolve));
      // Without an answer the ring is gone.
      await Promise.race([this.#now().then(({ time }) => this.#endAt(time)), ended, this.#late()]);
      this.#more();
      await this.#takeRest(ended);
      this.#reached = true;
      await this.#end();
    }
    this.context.files.endAll();
  }

  #endAt(time: number): void {
    this.#stoppedAt = time;
    this.#taking = this.#taking.then(() => this.#taker?.endAt(time));
  }

  #late(): Promise<void> {
    return new Promise(resolve => this.context.wall.after(LATE / 1_000, resolve));
  }

  /** All that lies before the end, however much of it is still in the ring: until nothing has come for a while, nor is to. */
  async #takeRest(ended: Promise<void>): Promise<void> {
    let before: string | undefined;
    for (let stood = 0; !this.#over && stood < MOST_STOOD; before = this.#taker?.progress) {
      await Promise.race([ended, this.#late()]);
      await this.#taking;
      if (!this.#wanting || this.#taker?.progress !== before) stood = 0;
      else if (await this.#isDecided(ended)) return;
      else stood++;
    }
  }

  /** Nothing waits any more, in a call, to be put into the ring. */
  #isDecided(ended: Promise<void>): Promise<boolean> {
    const decided = this.#now().then(({ given }) => given >= this.#stoppedAt);
    return Promise.race([decided, Promise.race([ended, this.#late()]).then(() => true)]);
  }

  #close(): void {
    this.#tell({ type: 'close' });
    this.#over = true;
    this.#looking?.();
    this.#port.onmessage = null;
    this.#port.close();
    const never = Number.POSITIVE_INFINITY;
    for (const answer of this.#asked.splice(0)) answer({ time: never, given: never });
  }

  cancel(): void {
    if (!this.#over) this.#close();
  }
}

/** For a session that records a ring. */
export const openRingTracks = (context: TracksContext, input: RingInput): RingTracks =>
  new RingTracks(context, input);
