/** The list of recordings in the chosen storage. */
import { listRecordings, type RecordedFile, type Recording, type Storage } from 'steadyreel';
import { addressOf } from './addresses.ts';
import { confirmDelete } from './confirm.ts';
import * as describe from './describe.ts';
import { byId, el, icon } from './dom.ts';
import { fileList, timeline } from './files.ts';
import { Filter } from './filter.ts';
import * as format from './format.ts';
import { notifyError } from './notices.ts';
import { Player } from './player.ts';
import { poster } from './poster.ts';
import { bytesOf, select } from './selection.ts';

const BADGES: Record<Recording['state'], string | undefined> = {
  complete: undefined,
  recording: 'Unfinished',
  recovered: 'Recovered',
  failed: 'Failed',
};

/** What a badge means. */
const NOTES: Record<Recording['state'], string | undefined> = {
  complete: undefined,
  recording: 'It is being recorded, or was cut off.',
  recovered: 'It was cut off, and finished later from what this browser had kept.',
  failed: undefined,
};

const fileName = (recording: Recording, file: RecordedFile): string => {
  const time = recording.startedAt.slice(0, 19).replace(/[:T]/g, '-');
  return `steadyreel-${time}-${String(file.index).padStart(4, '0')}.mp4`;
};

const download = async (storage: Storage, key: string, name: string): Promise<void> => {
  const address = await addressOf(storage, key);
  el('a', { href: address.url, download: name }).click();
  // The browser takes the bytes after the click, and does not say when it has.
  setTimeout(address.release, 60_000);
};

/** A link where the storage has an address, so that it can be copied; else the bytes are fetched on a click. */
const downloadLink = (
  storage: Storage,
  recording: Recording,
  file: RecordedFile,
  text?: string,
): HTMLAnchorElement => {
  const name = fileName(recording, file);
  const url = storage.url(file.key);
  const onclick = (event: Event): void => {
    if (url !== undefined) return;
    event.preventDefault();
    download(storage, file.key, name).catch(notifyError);
  };
  const label = text === undefined ? `Download file ${file.index}` : undefined;
  return el(
    'a',
    {
      class: text === undefined ? 'button quiet icon-only' : 'button quiet',
      href: url ?? '#',
      download: name,
      'aria-label': label,
      title: label,
      onclick,
    },
    icon('download'),
    text,
  );
};

const playButton = (file: RecordedFile, play: () => void): HTMLButtonElement => {
  const label = `Play file ${file.index}`;
  return el(
    'button',
    { type: 'button', class: 'quiet icon-only', 'aria-label': label, title: label, onclick: play },
    icon('play'),
  );
};

/** As many as one reads; the manifest has all of them. */
const MOST_TROUBLES = 5;

const troubleList = (recording: Recording): HTMLUListElement | undefined => {
  const found = describe.troubles(recording);
  if (found.length === 0) return undefined;
  const more = found.length - MOST_TROUBLES;
  return el(
    'ul',
    { class: 'troubles facts', 'aria-label': 'What was lost' },
    ...found.slice(0, MOST_TROUBLES).map(text => el('li', {}, icon('warning'), text)),
    more > 0 && el('li', {}, icon('warning'), `And ${more} more times.`),
  );
};

/** The list, kept in step with the storage. */
export class Recordings {
  readonly #list = byId('recordings', HTMLDivElement);
  readonly #status = byId('recordings-status', HTMLParagraphElement);
  readonly #filter = new Filter(() => this.#show());
  #storage: Storage;
  #where: string;
  /** All that there are. */
  #found: readonly Recording[] = [];
  /** Counts the listings, so that a slow one does not overwrite a newer one. */
  #turn = 0;
  /** The cards by recording, with the manifest that each shows. */
  #cards = new Map<string, { node: HTMLElement; manifest: string }>();

  constructor(storage: Storage, where: string) {
    this.#storage = storage;
    this.#where = where;
    this.#list.before(this.#filter.node);
  }

  /** Shows another storage. */
  use(storage: Storage, where: string): Promise<void> {
    this.#storage = storage;
    this.#where = where;
    this.#cards.clear();
    this.#list.replaceChildren();
    return this.refresh();
  }

  /** Lists anew. Cards whose recording has not changed stay as they are, and go on playing. */
  async refresh(): Promise<void> {
    const turn = ++this.#turn;
    this.#list.setAttribute('aria-busy', 'true');
    try {
      const found = await listRecordings(this.#storage);
      if (turn !== this.#turn) return;
      this.#found = found;
      this.#show();
    } catch (error) {
      if (turn === this.#turn) this.#showUnreachable(error);
    } finally {
      if (turn === this.#turn) this.#list.removeAttribute('aria-busy');
    }
  }

  #show(): void {
    const recordings = select(this.#found, this.#filter.wanted);
    const cards = new Map<string, { node: HTMLElement; manifest: string }>();
    for (const [index, recording] of recordings.entries()) {
      const manifest = JSON.stringify(recording);
      const old = this.#cards.get(recording.id);
      const kept = old?.manifest === manifest ? old : undefined;
      cards.set(recording.id, kept ?? { node: this.#card(recording, index === 0), manifest });
    }
    this.#cards = cards;
    this.#filter.node.hidden = this.#found.length === 0;
    const none = this.#found.length === 0 ? this.#empty() : this.#nothingMatches();
    this.#place(recordings.length > 0 ? [...cards.values()].map(card => card.node) : [none]);
    this.#status.textContent = this.#count(recordings);
  }

  /** How many, and what they take. */
  #count(shown: readonly Recording[]): string {
    const all = format.count(this.#found.length, 'recording');
    const many = shown.length === this.#found.length ? all : `${shown.length} of ${all}`;
    const used = format.bytes(shown.reduce((sum, recording) => sum + bytesOf(recording), 0));
    return shown.length === 0 ? `${many} ${this.#where}` : `${many} ${this.#where} · ${used} used`;
  }

  /** Nodes that are there already are not touched: to put one back where it is would stop what it plays. */
  #place(nodes: readonly HTMLElement[]): void {
    for (const child of [...this.#list.children]) {
      if (!nodes.some(node => node === child)) child.remove();
    }
    for (const [index, node] of nodes.entries()) {
      const there = this.#list.children[index];
      if (there !== node) this.#list.insertBefore(node, there ?? null);
    }
  }

  #empty(): HTMLElement {
    return el(
      'div',
      { class: 'empty' },
      icon('reel'),
      el('p', {}, el('strong', {}, 'No recordings yet')),
      el('p', {}, `What you record is listed here, and kept ${this.#where}.`),
    );
  }

  #nothingMatches(): HTMLElement {
    const onclick = (): void => {
      this.#filter.clear();
      this.#show();
      this.#status.focus();
    };
    return el(
      'div',
      { class: 'empty' },
      icon('search'),
      el('p', {}, el('strong', {}, 'Nothing matches')),
      el('p', {}, 'No recording has these words, or is of this kind.'),
      el('button', { type: 'button', onclick }, 'Show everything'),
    );
  }

  #showUnreachable(error: unknown): void {
    this.#cards.clear();
    this.#filter.node.hidden = true;
    const message = error instanceof Error ? error.message : String(error);
    this.#status.textContent = 'The recordings could not be listed';
    this.#list.replaceChildren(
      el(
        'div',
        { class: 'empty' },
        icon('error'),
        el('p', {}, el('strong', {}, 'The storage does not answer')),
        el('p', {}, message),
        el('button', { type: 'button', onclick: () => void this.refresh() }, 'Try again'),
      ),
    );
  }

  #card(recording: Recording, open: boolean): HTMLElement {
    const { files } = recording;
    const storage = this.#storage;
    const player = new Player(storage, recording, notifyError);
    const playAll = (): void => player.play(0);
    const actions = (file: RecordedFile): HTMLElement =>
      el(
        'div',
        { class: 'file-actions' },
        playButton(file, () => player.play(file.startTime)),
        downloadLink(storage, recording, file),
      );
    const title = `recording-${recording.id}`;
    return el(
      'article',
      { class: 'card recording', 'aria-labelledby': title },
      el(
        'div',
        { class: 'recording-top' },
        files.length > 0 && poster(storage, recording, playAll),
        this.#header(recording, title, playAll),
      ),
      player.node,
      files.length > 0 && timeline(files, recording.duration),
      recording.error && el('p', { class: 'facts failed' }, recording.error.message),
      troubleList(recording),
      el(
        'details',
        { open },
        el(
          'summary',
          {},
          files.length === 1 ? '1 file and why it began' : `${files.length} files and why each began`,
        ),
        fileList(files, actions),
      ),
    );
  }

  #header(recording: Recording, id: string, playAll: () => void): HTMLElement {
    const { files } = recording;
    const badge = BADGES[recording.state];
    const note = NOTES[recording.state];
    const kind = describe.kind(recording);
    const when = format.moment(recording.startedAt);
    const size = format.bytes(bytesOf(recording));
    const facts = [
      when,
      format.duration(recording.duration),
      format.count(files.length, 'file'),
      size,
      describe.method(recording),
    ]
      .filter(text => text !== undefined)
      .join(' · ');
    const remove = (): void => void this.#delete(recording, when);
    return el(
      'header',
      { class: 'recording-header' },
      el(
        'div',
        {},
        el(
          'h3',
          { id },
          describe.title(recording),
          kind && el('span', { class: 'badge kind' }, kind),
          badge && el('span', { class: `badge ${recording.state}` }, badge),
        ),
        el('p', { class: 'facts' }, facts),
        note && el('p', { class: 'facts' }, note),
      ),
      el(
        'div',
        { class: 'recording-actions' },
        files.length > 0 &&
          el('button', { type: 'button', onclick: playAll }, icon('play'), 'Play whole recording'),
        files.length === 1 && files[0] && downloadLink(this.#storage, recording, files[0], 'Download'),
        el(
          'button',
          {
            type: 'button',
            class: 'quiet danger',
            'aria-label': `Delete the recording of ${when}`,
            onclick: remove,
          },
          icon('trash'),
          'Delete',
        ),
      ),
    );
  }

  async #delete(recording: Recording, when: string): Promise<void> {
    const what = `${format.count(recording.files.length, 'file')}, ${format.bytes(bytesOf(recording))}`;
    if (!(await confirmDelete(`${when}: ${what}. It will be gone for good.`))) return;
    try {
      await this.#storage.delete(recording.id);
    } catch (error) {
      notifyError(error);
    }
    await this.refresh();
    // The button that had the keyboard's focus is gone with its card.
    this.#status.focus();
  }
}
