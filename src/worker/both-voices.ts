/** What two sessions say, as one: a page hears of the original as ever, and of the other what concerns that alone. */
import type { FromWorker } from './protocol.ts';
import { backlogOf } from './stats.ts';

export type Which = 'original' | 'composited';

type Last = Extract<FromWorker, { type: 'done' | 'failed' | 'aborted' }>;
type Progress = Extract<FromWorker, { type: 'progress' }>;

const OTHER: Record<Which, Which> = { original: 'composited', composited: 'original' };

export class BothVoices {
  readonly #started = new Set<Which>();
  readonly #last = new Map<Which, Last>();
  readonly #progress = new Map<Which, Progress>();

  constructor(
    /** Id of the composited recording. */
    private readonly compositedId: string,
    private readonly send: (message: FromWorker) => void,
    /** Nothing is to stay of this one, as the other could not be begun. */
    private readonly abort: (which: Which) => void,
  ) {}

  isOver(which: Which): boolean {
    return this.#last.has(which);
  }

  /** What one of them says. */
  of(which: Which): (message: FromWorker) => void {
    return message => this.#on(which, message);
  }

  #on(which: Which, message: FromWorker): void {
    switch (message.type) {
      case 'started':
        this.#started.add(which);
        if (this.#started.size === 2) this.send(message);
        return;
      case 'progress':
        this.#progress.set(which, message);
        if (which === 'original') this.#tellProgress(message);
        return;
      case 'recording':
        return this.send(which === 'original' ? message : { type: 'linked', recording: message.recording });
      case 'file':
      case 'warning':
        return this.send(which === 'original' ? message : { ...message, recordingId: this.compositedId });
      case 'done':
      case 'failed':
      case 'aborted':
        return this.#end(which, message);
      default:
        return this.send(message);
    }
  }

  /** Bytes of both; all else is counted once. */
  #tellProgress({ stats }: Progress): void {
    const other = this.#progress.get('composited')?.stats;
    const both = {
      ...stats,
      recordedBytes: stats.recordedBytes + (other?.recordedBytes ?? 0),
      storedBytes: stats.storedBytes + (other?.storedBytes ?? 0),
    };
    this.send({ type: 'progress', stats: both, backlog: backlogOf(both) });
  }

  #end(which: Which, message: Last): void {
    this.#last.set(which, message);
    const other = OTHER[which];
    if (this.#last.has(other)) return this.#endBoth();
    if (message.type === 'failed' && this.#started.size < 2) this.abort(other);
  }

  /** The last word: what went wrong with either, or that all of both is stored. */
  #endBoth(): void {
    const [original, composited] = [this.#last.get('original'), this.#last.get('composited')];
    const recordingOf = (last: Last | undefined) =>
      last && last.type !== 'aborted' ? last.recording : undefined;
    const linked = recordingOf(composited);
    if (linked) this.send({ type: 'linked', recording: linked });
    const failed = [original, composited].find(last => last?.type === 'failed');
    if (failed?.type === 'failed') this.send({ ...failed, recording: recordingOf(original) });
    else if (original) this.send(original);
  }
}
