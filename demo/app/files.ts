/** The files of a recording: as a bar on the timeline, and as a list. Used while recording and afterwards. */
import type { RecordedFile } from 'steadyreel';
import * as describe from './describe.ts';
import { el, icon } from './dom.ts';
import * as format from './format.ts';
import { frameGlyph } from './glyph.ts';

/** Colours of the stylesheet. */
const HUES = 6;
/** A file's colour: they come in turn. */
export const hue = (file: RecordedFile): string => `hue-${(file.index - 1) % HUES}`;

/** Seconds of each file; one that is not finished lasts until the next one began, or until now. */
const lengths = (files: readonly RecordedFile[], now = 0): number[] =>
  files.map(({ startTime, duration }, index) => {
    if (duration > 0) return duration;
    return Math.max(0, (files[index + 1]?.startTime ?? now) - startTime);
  });

const segment = (file: RecordedFile, before: RecordedFile | undefined): HTMLLIElement =>
  el(
    'li',
    { class: `segment ${hue(file)}`, 'data-index': String(file.index) },
    el(
      'span',
      { class: 'segment-reason', 'aria-hidden': 'true' },
      el('span', {}, describe.reason(file).short),
    ),
    el('span', { class: 'segment-bar', 'aria-hidden': 'true' }, el('span', {}, String(file.index))),
    el('span', { class: 'segment-time', 'aria-hidden': 'true' }, format.duration(file.startTime)),
    el('span', { class: 'visually-hidden' }, describe.sentence(file, before)),
  );

/**
 * The recording as one bar with a segment for each file, as long as the file lasts, and at each cut the
 * reason; for screen readers a list of sentences.
 */
export const timeline = (files: readonly RecordedFile[], now?: number): HTMLOListElement => {
  const list = el('ol', { class: 'timeline', 'aria-label': 'Timeline' });
  for (const [index, file] of files.entries()) list.append(segment(file, files[index - 1]));
  growTimeline(list, files, now);
  return list;
};

/** Gives the segments their lengths; again and again while the last one grows. */
export const growTimeline = (list: HTMLOListElement, files: readonly RecordedFile[], now?: number): void => {
  const seconds = lengths(files, now);
  const total = seconds.reduce((sum, length) => sum + length, 0);
  for (const [index, length] of seconds.entries()) {
    const item = list.children[index];
    if (!(item instanceof HTMLElement)) continue;
    // By the object model, which a policy without inline styles allows. Below a sum of 1 the bar would not be
    // filled, so these are percents; a third of one at least.
    item.style.flexGrow = String(Math.max(0.33, (100 * length) / (total || 1)));
  }
};

const chips = (file: RecordedFile, before: RecordedFile | undefined): HTMLUListElement =>
  el(
    'ul',
    { class: 'chips', 'aria-label': `Parameters of file ${file.index}` },
    ...describe
      .parameters(file, before)
      .map(({ name, text, changed }) =>
        el(
          'li',
          { class: changed ? 'chip changed' : 'chip', title: changed ? `${name}: changed` : name },
          el('span', { class: 'visually-hidden' }, `${name}: `),
          text,
          changed && el('span', { class: 'visually-hidden' }, ', changed'),
        ),
      ),
  );

const facts = (file: RecordedFile): string => {
  if (!file.duration) return `from ${format.duration(file.startTime)} · being written`;
  return `${format.duration(file.startTime)} – ${format.duration(file.startTime + file.duration)} · ${format.bytes(file.bytes)}`;
};

const entry = (file: RecordedFile, before: RecordedFile | undefined, actions?: HTMLElement): HTMLLIElement =>
  el(
    'li',
    { class: `file ${hue(file)}`, 'data-index': String(file.index) },
    frameGlyph(file),
    el(
      'div',
      { class: 'file-text' },
      el(
        'p',
        { class: 'file-title' },
        el('strong', {}, `File ${file.index}`),
        el('span', { class: 'reason' }, icon(file.index === 1 ? 'play' : 'cut'), describe.reason(file).short),
      ),
      chips(file, before),
      el('p', { class: 'facts' }, facts(file)),
    ),
    actions,
  );

/** The files with their parameters and why each began. `actions` adds buttons to a file. */
export const fileList = (
  files: readonly RecordedFile[],
  actions?: (file: RecordedFile) => HTMLElement,
): HTMLOListElement =>
  el('ol', { class: 'files' }, ...files.map((file, index) => entry(file, files[index - 1], actions?.(file))));

/** Marks the file that plays in the bars and lists below a node; `undefined` marks none. */
export const markPlaying = (root: ParentNode, index: number | undefined): void => {
  for (const node of root.querySelectorAll('[data-index]')) {
    if (node.getAttribute('data-index') === String(index)) node.setAttribute('aria-current', 'true');
    else node.removeAttribute('aria-current');
  }
};
