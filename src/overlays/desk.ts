/** Prepares overlays, and hands them to the recordings that run. In the page, from `overlays.js`. */
import type { FromOverlays, Overlay, OverlayChange, OverlayScene, ToOverlays } from '../overlay.ts';
import type { Audience, OverlayPage } from '../overlay-control.ts';
import { type CheckedOverlay, checkOverlays } from './check.ts';
import { NOTHING, type Prepared, prepare, sameContent } from './prepare.ts';

/** An overlay of the list, and what it shows. */
interface Entry {
  /** Names what it shows, for the worker. */
  key: number;
  checked: CheckedOverlay;
  prepared: Prepared;
}

/** What is handed to a recording. */
interface Handed {
  scene: OverlayScene;
  transfer: Transferable[];
}

export class OverlayDesk {
  #list: readonly Overlay[] = [];
  #entries: readonly Entry[] = [];
  #changing: Promise<void> = Promise.resolve();
  #lastKey = 0;
  #lastId = 0;
  /** Scenes that have not been answered, by their numbers. */
  readonly #unanswered = new Map<number, () => void>();
  #failures = 0;

  constructor(private readonly page: OverlayPage) {}

  /** As they were given. */
  get list(): readonly Overlay[] {
    return this.#list;
  }

  async set(list: readonly Overlay[]): Promise<void> {
    const checked = checkOverlays(list, this.page);
    this.#list = [...list];
    // One after another, so that the last one wins.
    const set = this.#changing.then(() => this.#set(checked));
    this.#changing = set.catch(() => undefined);
    await set;
  }

  async update(id: string, change: OverlayChange): Promise<void> {
    const ids = this.#list.map((overlay, index) => overlay.id ?? `overlay-${index + 1}`);
    const at = ids.indexOf(id);
    if (at < 0)
      throw new this.page.OptionInvalidError('id', `one of those that are set (${ids.join(', ')})`, id);
    await this.set(
      this.#list.map((overlay, i) => (i === at ? ({ ...overlay, ...change } as Overlay) : overlay)),
    );
  }

  async #set(checked: readonly CheckedOverlay[]): Promise<void> {
    const before = this.#entries;
    const changed = new Set<number>();
    this.#entries = await Promise.all(checked.map(one => this.#entryOf(one, changed)));
    const isOf = (entries: readonly Entry[], key: number): boolean => entries.some(one => one.key === key);
    for (const { key, prepared } of before) if (!isOf(this.#entries, key)) prepared.close();
    await this.#show(this.#entries.filter(({ key }) => changed.has(key) || !isOf(before, key)));
    if (this.#entries.length > 0) this.#noteUnseen([...this.page.audience]);
  }

  /** @param changed keys of those that look otherwise than before, although they show the same. */
  async #entryOf(checked: CheckedOverlay, changed: Set<number>): Promise<Entry> {
    const { id, given, place } = checked;
    const before = this.#entries.find(entry => entry.checked.id === id);
    if (before && !before.prepared.stale && sameContent(before.checked.given, given)) {
      if (place.visible && !before.checked.place.visible && (await this.#refresh(before)))
        changed.add(before.key);
      // It may have failed meanwhile.
      const { prepared } = this.#entries.find(({ key }) => key === before.key) ?? before;
      return { ...before, prepared, checked };
    }
    const key = ++this.#lastKey;
    try {
      const prepared = await prepare(checked, this.page, {
        wanted: () => this.#isSeen(key),
        onChange: () => void this.#show(this.#entries.filter(entry => entry.key === key)),
        onFailed: error => this.#leaveOut(key, id, error),
      });
      return { key, checked, prepared };
    } catch (error) {
      this.#fail(id, error);
      return { key, checked, prepared: NOTHING };
    }
  }

  /** True when it looks otherwise than before. */
  async #refresh({ key, checked, prepared }: Entry): Promise<boolean> {
    try {
      return (await prepared.refresh?.()) ?? false;
    } catch (error) {
      this.#leaveOut(key, checked.id, error);
      return false;
    }
  }

  #isSeen(key: number): boolean {
    const entry = this.#entries.find(one => one.key === key);
    return entry?.checked.place.visible === true && [...this.page.audience].some(({ port }) => port);
  }

  #leaveOut(key: number, id: string, error: unknown): void {
    this.#fail(id, error);
    this.#entries = this.#entries.map(one => (one.key === key ? { ...one, prepared: NOTHING } : one));
    void this.#show([]);
  }

  #fail(id: string, thrown: unknown): void {
    const detail = thrown instanceof Error ? thrown.message : String(thrown);
    const error = new this.page.OverlayFailedError(id, detail, thrown);
    this.#failures++;
    this.page.warn({ code: 'overlay-failed', message: error.message, count: this.#failures, error });
  }

  #noteUnseen(audience: readonly Audience[]): void {
    if (audience.some(({ port }) => port === undefined))
      this.page.warn({
        code: 'overlays-not-recorded',
        message:
          "Overlays are not recorded: the recorder has record: 'original', or a call is recorded as it was encoded, which record: 'composited' changes.",
        count: 1,
      });
  }

  /** What a recording that begins is to show from its first frame on; `undefined` when there is nothing. */
  open(audience: Audience): Handed | undefined {
    const { port } = audience;
    if (this.#entries.length > 0) this.#noteUnseen([audience]);
    if (!port) return undefined;
    this.#listen(port);
    if (this.#entries.length === 0) return undefined;
    const handed = this.#handed(this.#entries);
    // While another recording runs, they are looked at anyway.
    const others = [...this.page.audience].some(one => one !== audience && one.port);
    const unseen = others
      ? []
      : this.#entries.filter(({ prepared, checked }) => prepared.refresh && checked.place.visible);
    if (unseen.length > 0) {
      handed.scene.unfinished = true;
      void this.#catchUp(audience, unseen);
    }
    return handed;
  }

  /** While there was no recording, nobody has looked at the page's elements. */
  async #catchUp(audience: Audience, entries: readonly Entry[]): Promise<void> {
    const changed = await Promise.all(entries.map(entry => this.#refresh(entry)));
    await this.#showOn(
      audience,
      entries.filter((_, i) => changed[i]),
    );
  }

  #listen(port: MessagePort): void {
    port.onmessage = ({ data }: MessageEvent<FromOverlays>) => {
      if (data.id !== undefined) this.#unanswered.get(data.id)?.();
      if (data.type === 'failed') this.#fail(data.overlay ?? '', data.message);
    };
  }

  /** @param entries whose contents the recording has not. */
  #handed(entries: readonly Entry[]): Handed {
    const handed: Handed = { scene: { layers: [], contents: [] }, transfer: [] };
    for (const { key, checked, prepared } of this.#entries) {
      const isNew = entries.some(entry => entry.key === key);
      const { id, place } = checked;
      if (prepared.empty) continue;
      try {
        const found = isNew ? prepared.content() : undefined;
        if (found) handed.scene.contents.push([key, found.content]);
        handed.transfer.push(...(found?.transfer ?? []));
        handed.scene.layers.push({ key, id, place });
      } catch (error) {
        this.#fail(id, error);
      }
    }
    return handed;
  }

  /** Resolves when all recordings show it. @param entries whose contents are new. */
  async #show(entries: readonly Entry[]): Promise<void> {
    await Promise.all([...this.page.audience].map(one => this.#showOn(one, entries)));
  }

  async #showOn({ port, left }: Audience, entries: readonly Entry[]): Promise<void> {
    if (!port) return;
    if (!port.onmessage) this.#listen(port);
    const { scene, transfer } = this.#handed(entries);
    const id = ++this.#lastId;
    const answered = new Promise<void>(resolve => this.#unanswered.set(id, resolve));
    port.postMessage({ ...scene, id } satisfies ToOverlays, transfer);
    // One that ends meanwhile does not answer.
    await Promise.race([answered, left.promise]);
    this.#unanswered.delete(id);
  }
}

/** @param page the page's own, which this bundle has not. */
export const openDesk = (page: OverlayPage): OverlayDesk => new OverlayDesk(page);
