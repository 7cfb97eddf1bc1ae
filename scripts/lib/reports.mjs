/** What the test runners' JSON reports say. A skipped test shows nothing, so it counts as failed. */
import { existsSync, readFileSync } from 'node:fs';

/**
 * @typedef {import('./steps.mjs').Counts} Counts
 * @typedef {{ fullName: string, status: string, failureMessages?: string[] }} VitestTest
 * @typedef {{ name: string, status: string, message?: string, assertionResults: VitestTest[] }} VitestFile
 * @typedef {{ testResults: VitestFile[] }} VitestReport
 * @typedef {{ status: string, results?: { error?: { message?: string } }[] | undefined }} PlaywrightTest
 * @typedef {{ title: string, tests: PlaywrightTest[] }} PlaywrightSpec
 * @typedef {{ title: string, suites?: PlaywrightSuite[], specs?: PlaywrightSpec[] }} PlaywrightSuite
 * @typedef {{ suites: PlaywrightSuite[], errors: { message?: string }[] }} PlaywrightReport
 */

/** @param {string | undefined} text */
const firstLine = text => (text ?? '').trim().split('\n')[0] ?? '';

/** Lines of an error's message that a summary shows: enough for what was expected, and what came. */
const SHOWN_LINES = 6;
/** What colours text on a terminal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is made of them.
const COLOURS = /\u001b\[[\d;]*m/g;

/**
 * A failed test with why, on one line.
 *
 * @param {string} name
 * @param {string | undefined} message
 */
const withReason = (name, message) => {
  const lines = (message ?? '')
    .replace(COLOURS, '')
    .split('\n')
    .map(line => line.trim());
  // Where it was thrown is in the whole output; what is above tells the reader whether he needs that.
  const told = lines.filter(line => line !== '' && !line.startsWith('at ')).slice(0, SHOWN_LINES);
  return told.length > 0 ? `${name}: ${told.join(' | ')}` : name;
};

/**
 * @param {VitestReport} report
 * @returns {Counts}
 */
export const countVitest = ({ testResults }) => {
  const tests = testResults.flatMap(file => file.assertionResults);
  const failures = tests
    .filter(test => test.status !== 'passed')
    .map(({ fullName, status, failureMessages }) =>
      status === 'failed' ? withReason(fullName, failureMessages?.[0]) : `${fullName} (${status})`,
    );
  for (const file of testResults) {
    // A file that could not be loaded has failed without a single test.
    if (file.status === 'failed' && file.assertionResults.every(test => test.status === 'passed')) {
      failures.push(`${file.name}: ${firstLine(file.message)}`);
    }
  }
  const repeated = tests
    .filter(({ status, failureMessages = [] }) => status === 'passed' && failureMessages.length > 0)
    .map(({ fullName, failureMessages }) => withReason(fullName, failureMessages?.[0]));
  return {
    passed: tests.length - tests.filter(test => test.status !== 'passed').length,
    failures,
    ...(repeated.length > 0 ? { repeated } : {}),
  };
};

/**
 * @param {PlaywrightSuite} suite
 * @returns {PlaywrightSpec[]}
 */
const specsOf = suite => [
  ...(suite.specs ?? []).map(spec => ({ ...spec, title: `${suite.title} › ${spec.title}` })),
  ...(suite.suites ?? []).flatMap(specsOf),
];

/**
 * @param {PlaywrightReport} report
 * @returns {Counts}
 */
export const countPlaywright = ({ suites, errors }) => {
  const tests = suites
    .flatMap(specsOf)
    .flatMap(({ title, tests: runs }) => runs.map(({ status, results }) => ({ title, status, results })));
  /** @param {PlaywrightTest & { title: string }} test */
  const told = ({ title, results }) => withReason(title, results?.find(({ error }) => error)?.error?.message);
  const failures = tests
    .filter(({ status }) => status !== 'expected' && status !== 'flaky')
    .map(test => (test.status === 'unexpected' ? told(test) : `${test.title} (${test.status})`));
  const passed = tests.length - failures.length;
  const repeated = tests.filter(({ status }) => status === 'flaky').map(told);
  return {
    passed,
    failures: [...failures, ...errors.map(error => firstLine(error.message))],
    ...(repeated.length > 0 ? { repeated } : {}),
  };
};

/**
 * The counts of a run. When the runner failed but its report names no failure (an error outside of the tests, or
 * no report at all), that is one.
 *
 * @template Report
 * @param {string} file
 * @param {(report: Report) => Counts} count
 * @param {unknown} failure What the runner ended with; undefined when it ended well.
 * @returns {Counts}
 */
export const readReport = (file, count, failure) => {
  const detail = failure instanceof Error ? failure.message : String(failure);
  if (!existsSync(file))
    return { passed: 0, failures: [failure === undefined ? 'no report was written' : detail] };
  const counts = count(JSON.parse(readFileSync(file, 'utf8')));
  if (failure !== undefined && counts.failures.length === 0) return { ...counts, failures: [detail] };
  if (counts.passed + counts.failures.length === 0)
    return { passed: 0, failures: ['not a single test was found'] };
  return counts;
};
