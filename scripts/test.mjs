/**
 * `npm test`: installs what is missing and runs every check and every test. The last line is the totals; the exit
 * code is 0 only when nothing failed. With CI=true, a missing browser, Firefox, ffmpeg or Ceph is a failure as well.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CEPH_ADVICE, ensureCeph } from './ceph/fetch.mjs';
import { BROWSER_ADVICE, ensureBrowser } from './lib/browser.mjs';
import { ensureFirefox, FIREFOX_ADVICE } from './lib/firefox.mjs';
import { ensurePackages } from './lib/install.mjs';
import { ensureMediaTools, MEDIA_TOOLS_ADVICE } from './lib/media-tools.mjs';
import { CACHE, ROOT } from './lib/paths.mjs';
import { countPlaywright, countVitest, readReport } from './lib/reports.mjs';
import { run } from './lib/run.mjs';
import { notRun, PASSED, runStep, summary } from './lib/steps.mjs';

const REPORTS = join(CACHE, 'reports');
/** What TypeScript remembers from the last run. */
const TYPES = join(CACHE, 'types.tsbuildinfo');
const isCi = process.env.CI === 'true' || process.env.CI === '1';

/** @param {string} name */
const bin = name => join(ROOT, 'node_modules', '.bin', name);

/**
 * @param {string} name
 * @param {readonly string[]} args
 */
const check = (name, args) => () => run(bin(name), args, { quiet: true });

/**
 * Runs a test runner, then counts by its report.
 *
 * @template Report
 * @param {string} command
 * @param {readonly string[]} args
 * @param {string} report
 * @param {(report: Report) => import('./lib/steps.mjs').Counts} count
 */
const tests = async (command, args, report, count) => {
  rmSync(report, { force: true });
  /** @type {unknown} */
  let failure;
  try {
    await run(bin(command), args);
  } catch (error) {
    failure = error;
  }
  return readReport(report, count, failure);
};

/** @param {string} project */
const vitest = project => () => {
  const report = join(REPORTS, `${project}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  return tests('vitest', ['run', '--project', project, ...reporters], report, countVitest);
};

/**
 * @param {readonly string[]} projects
 * @param {number} workers
 */
const playwright = (projects, workers) => () => {
  const report = join(REPORTS, `${projects.join('-')}.json`);
  process.env.STEADYREEL_E2E_REPORT = report;
  const args = ['test', ...projects.map(name => `--project=${name}`), '--workers', String(workers)];
  return tests('playwright', args, report, countPlaywright);
};

/** @type {import('./lib/steps.mjs').Result[]} */
const results = [];
/** @param {Parameters<typeof runStep>} args */
const step = async (...args) => {
  console.log(`\n── ${args[0]}`);
  const result = await runStep(...args);
  results.push(result);
  return result.counts.failures.length === 0;
};

/** Says what is missing; only on a CI machine is that a failure of its own. @param {string} advice */
const missing = advice => {
  if (isCi) throw new Error(advice);
  console.error(advice);
  return { ...PASSED, passed: 0 };
};

const installed = await step('packages', ensurePackages);
if (installed) {
  mkdirSync(REPORTS, { recursive: true });
  /** @type {string | undefined} */
  let browser;
  await step('browser found', async () => {
    browser = await ensureBrowser();
    if (browser === undefined) return missing(BROWSER_ADVICE);
    process.env.STEADYREEL_CHROMIUM = browser;
  });
  await step('Firefox found', async () => {
    const firefox = await ensureFirefox();
    if (firefox === undefined) return missing(FIREFOX_ADVICE);
    process.env.STEADYREEL_FIREFOX = firefox;
  });
  await step('ffmpeg found', async () => {
    if (!(await ensureMediaTools())) return missing(MEDIA_TOOLS_ADVICE);
  });
  let isCephThere = false;
  await step('Ceph found', async () => {
    isCephThere = ensureCeph() !== undefined;
    if (!isCephThere) return missing(CEPH_ADVICE);
  });
  const types = ['--noEmit', '-p', 'tsconfig.json', '--incremental', '--tsBuildInfoFile', TYPES];
  // None of them needs another, or says a word when all is well.
  await Promise.all([
    step('lint', check('biome', ['ci', '.'])),
    step('typecheck', check('tsc', types)),
    step('build', () => run(process.execPath, ['scripts/build.mjs'], { quiet: true })),
    step('docs', check('typedoc', [])),
  ]);
  await step('unit', vitest('unit'));
  if (!isCephThere) results.push(notRun('ceph', CEPH_ADVICE));
  // Tests of a store mostly wait for it.
  await Promise.all([step('node', vitest('node')), ...(isCephThere ? [step('ceph', vitest('ceph'))] : [])]);
  if (browser === undefined) {
    for (const name of ['browser', 'pages', 'faults and calls']) results.push(notRun(name, BROWSER_ADVICE));
  } else {
    await step('browser', vitest('browser'));
    await step('pages', playwright(['pages'], 1));
    await step('faults and calls', playwright(['faults', 'calls'], 2));
  }
}
console.log(summary(results));
process.exitCode = results.every(result => result.counts.failures.length === 0) ? 0 : 1;
