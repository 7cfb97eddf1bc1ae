/** Draws an element of the page now and then, while somebody sees it. In the page. */
import { fromElement } from './element.ts';
import { drawHtml } from './html.ts';

export interface ElementWatchContext {
  element: HTMLElement;
  /** Times a second. */
  rate: number;
  pixelRatio: number;
  /** Whether anybody would see it now. */
  wanted(): boolean;
  /** It looks otherwise. Must not throw. */
  onChange(): void;
  /** It can't be drawn any more. Must not throw. */
  onFailed(error: unknown): void;
}

export class ElementWatch {
  #drawn: string | undefined;
  #bitmap: ImageBitmap | undefined;
  /** One look after another. */
  #looking: Promise<unknown> = Promise.resolve();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  private constructor(private readonly context: ElementWatchContext) {}

  /** Draws it for the first time. @throws when it can't be drawn. */
  static async open(context: ElementWatchContext): Promise<ElementWatch> {
    const watch = new ElementWatch(context);
    await watch.#draw();
    watch.#wait();
    return watch;
  }

  /** Looks at it now. True when it looks otherwise than before. @throws when it can't be drawn any more. */
  refresh(): Promise<boolean> {
    const looked = this.#looking.then(() => this.#draw());
    this.#looking = looked.catch(() => this.close());
    return looked;
  }

  /** As it looked last; `undefined`: it was not to be seen. */
  get bitmap(): ImageBitmap | undefined {
    return this.#bitmap;
  }

  #wait(): void {
    if (!this.#closed) this.#timer = setTimeout(() => void this.#look(), 1000 / this.context.rate);
  }

  async #look(): Promise<void> {
    const { wanted, onChange, onFailed } = this.context;
    try {
      if (wanted() && (await this.refresh()) && !this.#closed) onChange();
      this.#wait();
    } catch (error) {
      this.close();
      onFailed(error);
    }
  }

  /** True when it looks otherwise than before. */
  async #draw(): Promise<boolean> {
    const { element, pixelRatio } = this.context;
    if (this.#closed) return false;
    const html = fromElement(element);
    if (html?.xml === this.#drawn) return false;
    this.#drawn = html?.xml;
    const bitmap = html && (await drawHtml(html, pixelRatio));
    this.#bitmap?.close();
    this.#bitmap = this.#closed ? undefined : bitmap;
    if (this.#closed) bitmap?.close();
    return true;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#bitmap?.close();
    this.#bitmap = undefined;
  }
}
