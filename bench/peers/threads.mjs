/** Which threads take the processor's time. Pure. */
import { median, round, table } from '../lib/numbers.mjs';
import { labelOf } from './modes.mjs';
import { modesOf, ofMode } from './summary.mjs';

/** Shares of a processor below this are left out. */
const LEAST = 0.002;

/**
 * Percents of one processor beyond the idle page's, by process and thread; those that ended meanwhile are missing.
 *
 * @param {import('./data.ts').Data} data
 */
export const threadsTable = data => {
  const modes = modesOf(data, data.load).filter(name => name !== 'idle');
  /** @param {string} mode @param {string} thread */
  const taken = (mode, thread) => {
    const values = ofMode(data.load, mode).map(({ threads }) => threads[thread] ?? 0);
    return values.length === 0 ? 0 : median(values);
  };
  /** @param {string} mode @param {string} thread */
  const beyond = (mode, thread) => taken(mode, thread) - taken('idle', thread);
  const names = [...new Set(data.load.flatMap(({ threads }) => Object.keys(threads)))];
  const most = (/** @type {string} */ thread) => Math.max(0, ...modes.map(mode => beyond(mode, thread)));
  const shown = names.filter(name => most(name) >= LEAST).sort((a, b) => most(b) - most(a));
  if (shown.length === 0) return '';
  return table([
    ['', ...modes.map(labelOf)],
    ...shown.map(name => [name, ...modes.map(mode => round(Math.max(0, 100 * beyond(mode, name))))]),
  ]);
};
