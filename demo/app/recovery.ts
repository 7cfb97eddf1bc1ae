/** A notice above the list: recordings that were cut off, and the button that finishes them. */
import {
  type Recording,
  RecoveryIncompleteError,
  type RecoveryProgress,
  recover,
  type UnfinishedRecording,
  unfinishedRecordings,
} from 'steadyreel';
import { byId, el } from './dom.ts';
import * as format from './format.ts';
import type { Place } from './options.ts';

type State = 'nothing' | 'offer' | 'running' | 'done' | 'failed';

const ICONS: Record<State, string> = {
  ...{ nothing: 'cut', offer: 'cut', running: 'refresh' },
  ...{ done: 'done', failed: 'error' },
};

/** `Monday show · Today, 14:03`. */
const nameOf = ({ metadata, startedAt }: UnfinishedRecording): string => {
  const when = format.moment(startedAt);
  return typeof metadata.title === 'string' ? `${metadata.title} · ${when}` : when;
};

/** One notice, in step with what is to be finished. */
export class RecoveryNotice {
  readonly #node = byId('recovery', HTMLDivElement);
  readonly #icon = byId('recovery-icon', SVGUseElement);
  readonly #status = byId('recovery-status', HTMLParagraphElement);
  readonly #list = byId('recovery-list', HTMLUListElement);
  readonly #note = byId('recovery-note', HTMLParagraphElement);
  readonly #meter = byId('recovery-meter', HTMLDivElement);
  readonly #progress = byId('recovery-progress', HTMLProgressElement);
  readonly #bytes = byId('recovery-bytes', HTMLParagraphElement);
  readonly #finish = byId('recovery-finish', HTMLButtonElement);
  readonly #onRecovered: () => Promise<void>;
  #place: Place;
  #state: State = 'nothing';
  #found: UnfinishedRecording[] = [];
  /** Counts the looks, so that a slow one does not overwrite a newer one. */
  #turn = 0;

  /** @param onRecovered shows the recordings that were finished. */
  constructor(place: Place, onRecovered: () => Promise<void>) {
    this.#place = place;
    this.#onRecovered = onRecovered;
    this.#finish.addEventListener('click', () => {
      if (this.#finish.ariaDisabled !== 'true') void this.#run();
    });
  }

  /** Another storage. What is being finished goes on. */
  use(place: Place): Promise<void> {
    this.#place = place;
    if (this.#state !== 'running') this.#show('nothing', '');
    return this.look();
  }

  /** Looks for what is to be finished in the storage. */
  async look(): Promise<void> {
    const turn = ++this.#turn;
    // Without a private file system nothing was left behind.
    const found = await unfinishedRecordings(this.#place).catch(() => []);
    if (turn !== this.#turn || this.#state === 'running') return;
    this.#found = found;
    // What came of the last try is told until there is more to say; it can be tried again from there.
    if (this.#state === (found.length > 0 ? 'failed' : 'done')) return;
    if (found.length === 0) return this.#show('nothing', '');
    const [what, them] =
      found.length === 1 ? ['A recording was', 'it'] : [`${found.length} recordings were`, 'them'];
    this.#show('offer', `${what} cut off`, `What was recorded up to then is still here, in this browser.`);
    this.#finish.textContent = `Finish ${them}`;
  }

  #show(state: State, title: string, note = ''): void {
    const appears = this.#node.hidden;
    this.#state = state;
    this.#node.hidden = state === 'nothing';
    this.#node.dataset.state = state;
    this.#icon.setAttribute('href', `#icon-${ICONS[state]}`);
    const named = state === 'done' ? [] : this.#found;
    this.#list.replaceChildren(...named.map(each => el('li', {}, nameOf(each))));
    this.#note.textContent = note;
    this.#meter.hidden = state !== 'running';
    this.#finish.ariaDisabled = String(state === 'running');
    // The keyboard's focus must not go with the button.
    const focused = document.activeElement === this.#finish;
    this.#finish.hidden = state === 'done';
    if (focused && state === 'done') this.#status.focus();
    // A screen reader tells of what changes in a status that was there before: not of one that comes with its text.
    if (appears) setTimeout(() => this.#say(state, title));
    else this.#say(state, title);
  }

  #say(state: State, title: string): void {
    if (state === this.#state && title !== this.#status.textContent) this.#status.textContent = title;
  }

  async #run(): Promise<void> {
    const { storage, where } = this.#place;
    const { length } = this.#found;
    const seen = new Set<string>();
    const title = (): string => (length > 1 ? `Finishing ${seen.size || 1} of ${length}…` : 'Finishing it…');
    this.#show('running', title());
    this.#progress.removeAttribute('value');
    this.#bytes.textContent = 'Reading what was recorded';
    const onProgress = (progress: RecoveryProgress): void => {
      seen.add(progress.recordingId);
      this.#say('running', title());
      this.#onProgress(progress);
    };
    try {
      const recordings = await recover({ storage, onProgress });
      this.#onDone(recordings, where);
    } catch (error) {
      this.#onFailed(error);
    }
    await this.#onRecovered();
    await this.look();
  }

  #onProgress({ storedBytes, recordedBytes }: RecoveryProgress): void {
    this.#progress.max = Math.max(1, recordedBytes);
    this.#progress.value = storedBytes;
    this.#bytes.textContent = `${format.bytes(storedBytes)} stored of ${format.bytes(recordedBytes)} recorded`;
  }

  #onDone({ length }: readonly Recording[], where: string): void {
    if (length === 0) return this.#show('done', 'Nothing was left to finish');
    const marked = `${length === 1 ? 'It is' : 'They are'} ${where} now, and marked “Recovered” in the list below.`;
    this.#show('done', `Recovered: ${format.count(length, 'recording')}`, marked);
  }

  #onFailed(error: unknown): void {
    const { recovered, failures } =
      error instanceof RecoveryIncompleteError ? error : { recovered: [], failures: [{ error }] };
    const what = failures.length === 1 ? 'A recording' : format.count(failures.length, 'recording');
    const done = recovered.length > 0 ? `Recovered: ${format.count(recovered.length, 'recording')}. ` : '';
    const why = failures[0]?.error;
    this.#found = this.#found.filter(({ id }) => !recovered.some(each => each.id === id));
    this.#show(
      'failed',
      `${done}${what} could not be finished`,
      why instanceof Error ? why.message : String(why),
    );
    this.#finish.textContent = 'Try again';
  }
}
