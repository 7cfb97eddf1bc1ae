/** The row above the list: which recordings are shown, and in which order. */
import { el } from './dom.ts';
import type { Wanted } from './selection.ts';

const KINDS: Record<Wanted['kind'], string> = {
  all: 'Everything',
  original: 'Recordings',
  composited: 'With overlays',
  clip: 'Clips',
  attention: 'Unfinished, recovered, failed',
};

const ORDERS: Record<Wanted['order'], string> = {
  newest: 'Newest first',
  longest: 'Longest first',
  largest: 'Largest first',
};

const choice = (id: string, options: Record<string, string>): HTMLSelectElement =>
  el('select', { id }, ...Object.entries(options).map(([value, text]) => el('option', { value }, text)));

const field = (label: string, control: HTMLElement): HTMLElement =>
  el('div', { class: 'field' }, el('label', { class: 'field-label', for: control.id }, label), control);

export class Filter {
  readonly #text = el('input', { id: 'filter-text', type: 'search', autocomplete: 'off' });
  readonly #kind = choice('filter-kind', KINDS);
  readonly #order = choice('filter-order', ORDERS);
  readonly node = el(
    'form',
    { class: 'filter', role: 'search', 'aria-label': 'Recordings', hidden: true },
    field('Find', this.#text),
    field('Show', this.#kind),
    field('Order', this.#order),
  );

  constructor(onChange: () => void) {
    this.node.addEventListener('input', onChange);
    this.node.addEventListener('submit', event => event.preventDefault());
  }

  get wanted(): Wanted {
    return {
      text: this.#text.value,
      kind: this.#kind.value as Wanted['kind'],
      order: this.#order.value as Wanted['order'],
    };
  }

  /** Shows everything again. */
  clear(): void {
    this.#text.value = '';
    this.#kind.value = 'all';
  }
}
