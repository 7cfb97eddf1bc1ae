/** A `MediaStream` as the source of a recorder. In the page. */
import { newReplacement } from './hand-over.ts';
import type { Command, Openable, Opened, RecorderSource, Successor, Wanted } from './recorder-source.ts';
import { checkBrowser, type LiveTracks, liveTracks, openInputs } from './source/capture.ts';
import { isMissing, nextTracks, watchTracks } from './source/watch.ts';

export class StreamSource implements RecorderSource {
  /** None before `check`. */
  #tracks = {} as LiveTracks;

  constructor(
    private readonly stream: MediaStream,
    private readonly want: Wanted,
    /** Why the stream stands in for a call. */
    private readonly fallback?: string,
  ) {}

  check(): void {
    this.#tracks = liveTracks(this.stream, this.want);
    checkBrowser(this.#tracks);
  }

  open(): Opened {
    const { video, audio, transfer } = openInputs(this.#tracks);
    const source = this.decoded();
    source.#tracks = this.#tracks;
    return { source, setup: { video, audio, fallback: this.fallback }, transfer };
  }

  watch(look: () => void): () => void {
    return watchTracks(this.stream, look, () => isMissing(this.#tracks, this.want));
  }

  look(): Command | undefined {
    if (!isMissing(this.#tracks, this.want)) return undefined;
    const { video, audio } = this.#tracks;
    const next = nextTracks(this.stream, this.#tracks, this.want);
    return next.video === video && next.audio === audio ? undefined : this.#replace(next);
  }

  #replace(next: LiveTracks): Command {
    const { replacement, transfer } = newReplacement(this.#tracks, next);
    this.#tracks = next;
    return { message: { type: 'replace', replacement }, transfer };
  }

  async replacedBy(next: Openable): Promise<Successor> {
    const source = await next.decoded();
    source.check();
    const { replacement, transfer } = newReplacement(this.#tracks, source.#tracks);
    return { source, command: { message: { type: 'replace', replacement }, transfer } };
  }

  /** Another one of the same stream: what is read is not what `check` finds for the next recording. */
  decoded(): StreamSource {
    return new StreamSource(this.stream, this.want, this.fallback);
  }
}
