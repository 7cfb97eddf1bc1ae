/** What all benchmarks do with what they have measured. Pure. */

/** @typedef {{ median: number, least: number, most: number }} Spread */

/** @param {number} value */
export const round = (value, digits = 1) => Number(value.toFixed(digits));

/** @param {readonly number[]} values */
export const median = values => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
};

/** @param {readonly number[]} values @returns {Spread} */
export const spreadOf = (values, digits = 4) => ({
  median: round(median(values), digits),
  least: round(Math.min(...values), digits),
  most: round(Math.max(...values), digits),
});

/** The median, and the least and the most where they differ. @param {Spread} spread */
export const told = ({ median: middle, least, most }, digits = 1, factor = 1) => {
  const [m, l, h] = [middle, least, most].map(value => (value * factor).toFixed(digits));
  return l === h ? `${m}` : `${m} (${l} to ${h})`;
};

/** @param {readonly (string | number)[][]} rows */
export const table = rows => {
  const [head = [], ...body] = rows;
  return [head, head.map((_, column) => (column === 0 ? '---' : '---:')), ...body]
    .map(cells => `| ${cells.join(' | ')} |`)
    .join('\n');
};

/**
 * What one mode takes beyond a base, as a part of what another takes beyond it: by the medians of all rounds, and in each round.
 *
 * @template {{ mode: string, round: number }} OneRun
 * @param {readonly OneRun[]} runs
 * @param {string | undefined} base absent where `of` says already what is beyond it
 * @param {string} mode
 * @param {string} other
 * @param {(run: OneRun) => number} of
 */
export const ratioBeyond = (runs, base, mode, other, of) => {
  /** @param {readonly OneRun[]} some @param {string} name */
  const middle = (some, name) => median(some.filter(run => run.mode === name).map(of));
  /** @param {readonly OneRun[]} some */
  const ratio = some => {
    const alone = base === undefined ? 0 : middle(some, base);
    return (middle(some, mode) - alone) / (middle(some, other) - alone);
  };
  const rounds = [...new Set(runs.map(run => run.round))];
  const perRound = rounds.map(number => round(ratio(runs.filter(run => run.round === number)), 3));
  return { mode, other, ofMedians: round(ratio(runs), 3), perRound };
};
