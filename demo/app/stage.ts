/** The preview, and what is shown in its place while there is none. */
import { byId } from './dom.ts';
import { openSource, type Source, type SourceKind, SourceUnavailableError } from './sources.ts';

const EMPTY: Record<SourceKind, { title: string; text: string; button: string }> = {
  pattern: {
    title: 'The test pattern is off',
    text: 'It needs no camera and no permission.',
    button: 'Start it',
  },
  camera: {
    title: 'Your camera is off',
    text: 'The browser asks you before it is turned on.',
    button: 'Turn camera on',
  },
  screen: {
    title: 'No screen is shared',
    text: 'You choose a tab, a window or the whole screen.',
    button: 'Choose a screen',
  },
};

/** Holds the source that is open. */
export class Stage {
  readonly #video = byId('preview', HTMLVideoElement);
  readonly #empty = byId('stage-empty', HTMLDivElement);
  readonly #title = byId('stage-title', HTMLElement);
  readonly #text = byId('stage-text', HTMLElement);
  readonly #open = byId('open-source', HTMLButtonElement);
  readonly #off = byId('close-source', HTMLButtonElement);
  readonly #onOpen: (source: Source) => void;
  #kind: SourceKind = 'pattern';
  #source: Source | undefined;
  /** Of the chosen kind: it may take as long as the person takes to answer the browser. */
  #opening: Promise<Source> | undefined;
  /** Counts choices, so that what opens too late is known. */
  #choice = 0;

  constructor(onOpen: (source: Source) => void) {
    this.#onOpen = onOpen;
    this.#open.addEventListener('click', () => void this.open().catch(() => undefined));
    this.#off.addEventListener('click', () => this.close());
  }

  get source(): Source | undefined {
    return this.#source;
  }

  /** Another kind of source; the one that is open is closed. */
  choose(kind: SourceKind): void {
    this.close();
    this.#choice++;
    this.#settle();
    this.#kind = kind;
    this.#show();
  }

  /**
   * Opens the chosen source, unless it is open.
   *
   * @throws SourceUnavailableError (`source-unavailable`); its message is on the stage as well, unless another source has been
   * chosen meanwhile.
   */
  open(): Promise<Source> {
    if (this.#source) return Promise.resolve(this.#source);
    this.#opening ??= this.#openChosen();
    return this.#opening;
  }

  async #openChosen(): Promise<Source> {
    const choice = this.#choice;
    this.#open.setAttribute('aria-busy', 'true');
    try {
      const source = await openSource(this.#kind);
      if (choice !== this.#choice) {
        source.close();
        throw new SourceUnavailableError('Another source has been chosen meanwhile.');
      }
      this.#take(source);
      return source;
    } catch (error) {
      if (choice === this.#choice) this.#explain(error);
      throw error;
    } finally {
      if (choice === this.#choice) this.#settle();
    }
  }

  #explain(error: unknown): void {
    this.#text.textContent = error instanceof Error ? error.message : String(error);
    this.#empty.classList.add('failed');
  }

  /** Nothing is being opened any more. */
  #settle(): void {
    this.#opening = undefined;
    this.#open.removeAttribute('aria-busy');
  }

  close(): void {
    this.#source?.close();
    this.#source = undefined;
    this.#show();
  }

  #take(source: Source): void {
    this.#source = source;
    for (const track of source.stream.getTracks())
      track.addEventListener('ended', () => this.#onEnded(source));
    this.#show();
    this.#onOpen(source);
  }

  /** The person stopped sharing, or unplugged the camera. */
  #onEnded(source: Source): void {
    const live = source.stream.getTracks().some(track => track.readyState === 'live');
    if (!live && source === this.#source) this.close();
  }

  #show(): void {
    const { title, text, button } = EMPTY[this.#kind];
    this.#video.srcObject = this.#source?.stream ?? null;
    this.#empty.hidden = this.#source !== undefined;
    this.#empty.classList.remove('failed');
    this.#off.hidden = this.#source === undefined || this.#source.kind === 'pattern';
    this.#title.textContent = title;
    this.#text.textContent = text;
    this.#open.textContent = button;
  }
}
