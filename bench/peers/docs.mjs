/** Brings docs/benchmarks.md up to date: what was measured goes between its marks, and all else stays as it is. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { charts, sections } from './report.mjs';

/**
 * @param {string} text
 * @param {Record<string, string>} parts by the names of their places; an empty one leaves what is there
 */
export const filled = (text, parts) =>
  Object.entries(parts).reduce((whole, [name, part]) => {
    if (part === '') return whole;
    const [begin, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
    const [from, to] = [whole.indexOf(begin), whole.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`There is no place for "${name}": ${begin} … ${end}.`);
    return `${whole.slice(0, from + begin.length)}\n\n${part}\n\n${whole.slice(to)}`;
  }, text);

/**
 * @param {import('./data.ts').Data} data
 * @param {string | undefined} folder of the documents; without, nothing is written
 * @returns all that was measured, as text
 */
export const writeDocs = (data, folder) => {
  const parts = sections(data);
  if (folder !== undefined) {
    const path = join(folder, 'benchmarks.md');
    writeFileSync(path, filled(readFileSync(path, 'utf8'), parts));
    for (const [name, svg] of Object.entries(charts(data)))
      writeFileSync(join(folder, `benchmarks-${name}.svg`), svg);
  }
  return Object.entries(parts)
    .filter(([, part]) => part !== '')
    .map(([name, part]) => `${name}\n\n${part}\n`)
    .join('\n');
};
