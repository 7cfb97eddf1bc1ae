/** The entry of `thumbnails.js`, which a recording's worker loads when thumbnails are asked for. */
import { toMicroseconds } from '../media.ts';
import type { ThumbnailOptions } from '../options.ts';
import { ThumbnailMaker } from '../thumbnails/maker.ts';
import type { TracksContext } from './media-tracks.ts';
import type { CallReplacement, Replacement } from './protocol.ts';
import type { OpenTracks, SessionTracks } from './session-tracks.ts';

/** What there is of a session whose recording is stored. */
type Beside = NonNullable<TracksContext['beside']>;

/** The tracks of a session, of whose frames some are looked at on their way. */
class WatchedTracks implements SessionTracks {
  readonly #tracks: SessionTracks;
  readonly #maker: ThumbnailMaker;

  constructor(
    context: TracksContext,
    open: OpenTracks,
    options: Required<ThumbnailOptions>,
    private readonly beside: Beside,
  ) {
    const { setup, report, wall } = context;
    this.#maker = new ThumbnailMaker({
      recordingId: setup.recordingId,
      options,
      put: object => beside.put(object),
      publish: (thumbnails, tell) => {
        beside.keeper.thumbnails = thumbnails;
        if (tell) beside.keeper.update();
      },
      warn: (message, count) => report.warn('thumbnails-left-out', message, count),
      after: (milliseconds, call) => wall.after(milliseconds, call),
    });
    this.#tracks = open({
      ...context,
      onFrame: frame => this.#maker.frame(frame),
      onKeyFrame: frame => this.#maker.keyFrame(frame),
    });
  }

  get duration(): number {
    return this.#tracks.duration;
  }

  get endTime(): number {
    return this.#tracks.endTime;
  }

  get now(): number | undefined {
    return this.#tracks.now;
  }

  pause(): void {
    this.#tracks.pause();
  }

  resume(): void {
    this.#tracks.resume();
  }

  replace(replacement: Replacement | CallReplacement): Promise<void> {
    return this.#tracks.replace(replacement);
  }

  keyFrameAt(time: number): void {
    this.#tracks.keyFrameAt(time);
  }

  async endBefore(timestamp: number | undefined): Promise<number | undefined> {
    return this.#tracks.endBefore?.(timestamp);
  }

  async stop(): Promise<void> {
    await this.#tracks.stop();
    this.#maker.end();
  }

  async stored(): Promise<void> {
    await this.#maker.settled(toMicroseconds(this.beside.keeper.manifest.duration));
  }

  cancel(): void {
    this.#maker.cancel();
    this.#tracks.cancel();
  }
}

/** Opens a session's tracks, and makes thumbnails of what they give. */
export const watchTracks = (context: TracksContext, open: OpenTracks): SessionTracks => {
  const { thumbnails } = context.setup.options;
  if (!thumbnails || !context.beside) return open(context);
  return new WatchedTracks(context, open, thumbnails, context.beside);
};
