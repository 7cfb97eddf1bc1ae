/** The steps of `npm test`: run one after another, each counted, and summed up at the end. */

/**
 * What came of a step. `failures` says what failed, and `repeated` what passed only when it was done again, one line each.
 *
 * @typedef {{ passed: number, failures: string[], repeated?: string[] }} Counts
 * @typedef {{ name: string, counts: Counts, seconds: number, notRun?: string }} Result
 */

/** A check that has no tests of its own counts as one. @type {Counts} */
export const PASSED = { passed: 1, failures: [] };

/**
 * Runs a step. It passes when it resolves; what it resolves to, if anything, is its count.
 *
 * @param {string} name
 * @param {() => Promise<Counts | void>} step
 * @returns {Promise<Result>}
 */
export const runStep = async (name, step) => {
  const started = performance.now();
  /** @type {Counts} */
  let counts;
  try {
    counts = (await step()) ?? PASSED;
  } catch (error) {
    counts = { passed: 0, failures: [error instanceof Error ? error.message : String(error)] };
  }
  return { name, counts, seconds: (performance.now() - started) / 1000 };
};

/**
 * A step that was left out, with what to do about it.
 *
 * @param {string} name
 * @param {string} why
 * @returns {Result}
 */
export const notRun = (name, why) => ({ name, counts: { passed: 0, failures: [] }, seconds: 0, notRun: why });

/** @param {Result} result */
const line = ({ name, counts, seconds, notRun: why }) => {
  const failed = counts.failures.length;
  const state = why !== undefined ? 'not run' : failed > 0 ? 'FAILED' : 'ok';
  const numbers = why !== undefined ? '' : `${counts.passed} passed${failed > 0 ? `, ${failed} failed` : ''}`;
  return `${state.padEnd(8)}${name.padEnd(14)}${seconds.toFixed(1).padStart(7)} s  ${numbers}`.trimEnd();
};

/**
 * The end of the output: a line for each step, what failed, what was not run, and the totals alone on the last.
 *
 * @param {readonly Result[]} results
 * @returns {string}
 */
export const summary = results => {
  const passed = results.reduce((sum, result) => sum + result.counts.passed, 0);
  const failures = results.flatMap(({ name, counts }) => counts.failures.map(what => `${name}: ${what}`));
  const repeated = results.flatMap(({ name, counts }) =>
    (counts.repeated ?? []).map(what => `${name}: ${what}`),
  );
  const advice = [...new Set(results.flatMap(({ notRun: why }) => (why === undefined ? [] : [why])))];
  return [
    '',
    ...results.map(line),
    ...(failures.length > 0 ? ['', 'What failed:', ...failures.map(what => `  ${what}`)] : []),
    ...(repeated.length > 0
      ? ['', 'What failed once, and passed when it was done again:', ...repeated.map(what => `  ${what}`)]
      : []),
    ...advice.flatMap(text => ['', text]),
    '',
    `${passed} passed, ${failures.length} failed`,
  ].join('\n');
};
