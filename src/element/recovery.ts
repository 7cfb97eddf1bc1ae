/** Recordings that were cut off, by a crash or by a storage that refused: looks for them, and finishes them when it is told to. */
import { asSteadyreelError, RecoveryIncompleteError, type SteadyreelError } from '../errors.ts';
import {
  type Recording,
  type RecoverOptions,
  recover,
  type UnfinishedRecording,
  unfinishedRecordings,
} from '../index.ts';
import { formatMoment } from './format.ts';
import type { RecoveryState, RecoveryView } from './recovery-view.ts';

/** What the element does for it. */
export interface RecoveryHost {
  /** Where its recordings go. Throws when its attributes are wrong. */
  where(): Pick<RecoverOptions, 'storage' | 'workerUrl'>;
  recovered(recordings: readonly Recording[]): void;
  failed(error: SteadyreelError): void;
}

const offerOf = ([first, ...others]: UnfinishedRecording[]): [text: string, button: string] => {
  if (!first) return ['', ''];
  if (others.length > 0) return [`${others.length + 1} recordings were cut off.`, 'Finish them'];
  return [`A recording from ${formatMoment(first.startedAt)} was cut off.`, 'Finish it'];
};

const counted = (count: number): string => `${count} recording${count === 1 ? '' : 's'}`;

/** The element's recovery. No method rejects. */
export class Recovery {
  #running: Promise<void> | undefined;
  /** Counts the looks, so that only the last one counts. */
  #turn = 0;
  /** Something has changed while recordings were being finished. */
  #missed = false;
  #offered = 0;

  constructor(
    private readonly view: RecoveryView,
    private readonly host: RecoveryHost,
  ) {}

  /**
   * Offers what there is to be finished.
   *
   * @param auto finishes it without being asked.
   */
  async look(auto = false): Promise<void> {
    const turn = ++this.#turn;
    this.#missed = this.#running !== undefined;
    // Attributes come one by one, before the element is connected: one look for all of them.
    await undefined;
    if (turn !== this.#turn || this.#running) return;
    const found = await this.#find();
    if (turn !== this.#turn || this.#running) return;
    this.#offered = found.length;
    if (found.length > 0 && auto) return this.finish();
    const { state } = this.view;
    // What came of the last try is told until there is more to say; it can be tried again from there.
    if (state !== (found.length > 0 ? 'failed' : 'done'))
      this.view.show(found.length > 0 ? 'offer' : 'nothing', ...offerOf(found));
  }

  async #find(): Promise<UnfinishedRecording[]> {
    try {
      return await unfinishedRecordings(this.host.where());
    } catch {
      // Without a private file system nothing was left behind; wrong attributes are told of at the start.
      return [];
    }
  }

  /** Takes away what is shown, if it is one of these. */
  clear(...states: RecoveryState[]): void {
    if (states.includes(this.view.state)) this.view.show('nothing', '');
  }

  /** Finishes all that can be finished; waits, when that is under way. */
  finish(): Promise<void> {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      if (this.#missed) void this.look();
    });
    return this.#running;
  }

  async #run(): Promise<void> {
    const seen = new Set<string>();
    const text = (): string =>
      this.#offered > 1 ? `Finishing recording ${seen.size || 1} of ${this.#offered}…` : 'Finishing it…';
    this.view.show('running', text());
    try {
      const recordings = await recover({
        ...this.host.where(),
        onProgress: progress => {
          seen.add(progress.recordingId);
          this.view.progress(progress, text());
        },
      });
      const none = recordings.length === 0;
      this.view.show(
        'done',
        none ? 'Nothing was left to finish.' : `Recovered: ${counted(recordings.length)}.`,
      );
      if (!none) this.host.recovered(recordings);
    } catch (thrown) {
      this.#fail(asSteadyreelError(thrown));
    }
  }

  #fail(error: SteadyreelError): void {
    const { recovered, failures } =
      error instanceof RecoveryIncompleteError ? error : { recovered: [], failures: [{ error }] };
    const what = failures.length === 1 ? 'A recording' : counted(failures.length);
    const done = recovered.length > 0 ? `Recovered: ${counted(recovered.length)}. ` : '';
    const why = failures[0]?.error.message ?? error.message;
    this.view.show('failed', `${done}${what} could not be finished: ${why}`, 'Try again');
    if (recovered.length > 0) this.host.recovered(recovered);
    this.host.failed(error);
  }
}
