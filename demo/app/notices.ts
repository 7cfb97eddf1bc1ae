/** Warnings and errors, on the page and readable, never only in the console. */
import { byId, el, icon } from './dom.ts';

interface Notice {
  kind: 'warning' | 'error';
  /** The error's or warning's code; one notice for each. */
  code: string;
  message: string;
}

const shown = new Map<string, HTMLElement>();
let place: HTMLElement | undefined;

const remove = (code: string): void => {
  shown.get(code)?.remove();
  shown.delete(code);
};

/** Shows a notice in place of an earlier one with the same code; what is said already is not said again. */
export const notify = ({ kind, code, message }: Notice): void => {
  const old = shown.get(code);
  if (old?.dataset.message === message) return;
  place ??= byId('notices', HTMLDivElement);
  const text = el('p', { class: 'notice-text' }, message, ' ', el('code', {}, code));
  const close = el(
    'button',
    { type: 'button', class: 'quiet icon-only', 'aria-label': 'Dismiss', onclick: () => remove(code) },
    icon('close'),
  );
  const role = kind === 'error' ? 'alert' : 'status';
  const notice = el(
    'div',
    { class: `notice ${kind}`, role, 'data-message': message },
    icon(kind),
    text,
    close,
  );
  if (old) old.replaceWith(notice);
  else place.append(notice);
  shown.set(code, notice);
};

/** Takes all notices away, before the next try. */
export const clearNotices = (): void => {
  for (const code of [...shown.keys()]) remove(code);
};

/** Shows whatever was thrown. */
export const notifyError = (error: unknown): void => {
  const code = (error as { code?: unknown } | null)?.code;
  notify({
    kind: 'error',
    code: typeof code === 'string' ? code : 'unexpected',
    message: error instanceof Error ? error.message : String(error),
  });
};
