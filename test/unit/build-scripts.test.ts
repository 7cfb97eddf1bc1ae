/** The decisions of `npm test`, `npm start` and `npm run sample`. */
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findBrowser } from '../../scripts/lib/browser.mjs';
import { findFirefox } from '../../scripts/lib/firefox.mjs';
import { freePort } from '../../scripts/lib/port.mjs';
import { countPlaywright, countVitest, readReport } from '../../scripts/lib/reports.mjs';
import { sourcesHash } from '../../scripts/lib/stale.mjs';
import { notRun, runStep, summary } from '../../scripts/lib/steps.mjs';
import { filesTable } from '../../scripts/lib/table.mjs';
import type { Recording } from '../../src/manifest.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'steadyreel-scripts-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (name: string, text = ''): string => {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
  return path;
};

describe('counting', () => {
  const vitestFile = (statuses: string[], status = 'passed') => ({
    name: 'a.test.ts',
    status,
    message: 'SyntaxError: no\n at …',
    assertionResults: statuses.map((each, index) => ({ fullName: `test ${index}`, status: each })),
  });

  test('counts what passed, and names what failed or was skipped', () => {
    const counts = countVitest({
      testResults: [vitestFile(['passed', 'failed', 'skipped', 'todo', 'passed'])],
    });
    expect(counts).toEqual({ passed: 2, failures: ['test 1', 'test 2 (skipped)', 'test 3 (todo)'] });
  });

  test('a file that can not be loaded is a failure', () => {
    const counts = countVitest({ testResults: [vitestFile([], 'failed')] });
    expect(counts).toEqual({ passed: 0, failures: ['a.test.ts: SyntaxError: no'] });
  });

  test('counts Playwright tests in nested suites, and errors outside of tests', () => {
    const spec = (title: string, status: string) => ({ title, tests: [{ status }] });
    const counts = countPlaywright({
      suites: [
        {
          title: 'a.spec.ts',
          specs: [spec('one', 'expected'), spec('two', 'unexpected')],
          suites: [{ title: 'inner', specs: [spec('three', 'expected'), spec('four', 'skipped')] }],
        },
      ],
      errors: [{ message: 'no web server\nmore' }],
    });
    expect(counts).toEqual({
      passed: 2,
      failures: ['a.spec.ts › two', 'inner › four (skipped)', 'no web server'],
    });
  });

  test('says why a test failed, without colours and without where', () => {
    const message = '\u001b[31mError\u001b[39m: not flat\n\nExpected: < 10\n    at memory.spec.ts:58';
    const vitest = { fullName: 'one', status: 'failed', failureMessages: [message] };
    expect(
      countVitest({ testResults: [{ name: 'a', status: 'failed', assertionResults: [vitest] }] }).failures,
    ).toEqual(['one: Error: not flat | Expected: < 10']);
    const tests = [{ status: 'unexpected', results: [{ error: { message } }] }];
    expect(
      countPlaywright({ suites: [{ title: 'a', specs: [{ title: 'one', tests }] }], errors: [] }).failures,
    ).toEqual(['a › one: Error: not flat | Expected: < 10']);
  });

  test('names what passed only when it was done again', () => {
    const vitest = { fullName: 'one', status: 'passed', failureMessages: ['Error: late'] };
    const file = { name: 'a', status: 'passed', assertionResults: [vitest] };
    expect(countVitest({ testResults: [file] })).toEqual({
      ...{ passed: 1, failures: [], repeated: ['one: Error: late'] },
    });
    const tests = [{ status: 'flaky', results: [{ error: { message: 'Error: late' } }, {}] }];
    const counts = countPlaywright({
      suites: [{ title: 'a', specs: [{ title: 'one', tests }] }],
      errors: [],
    });
    expect(counts).toEqual({ passed: 1, failures: [], repeated: ['a › one: Error: late'] });
    expect(summary([{ name: 'calls', counts, seconds: 1 }])).toContain('  calls: a › one: Error: late');
  });

  test('a runner that fails without a failed test has failed', () => {
    const report = write('report.json', JSON.stringify({ testResults: [vitestFile(['passed'])] }));
    expect(readReport(report, countVitest, undefined)).toEqual({ passed: 1, failures: [] });
    expect(readReport(report, countVitest, new Error('ended with code 1'))).toEqual({
      passed: 1,
      failures: ['ended with code 1'],
    });
  });

  test('a run without a report, or without tests, has failed', () => {
    expect(readReport(join(folder, 'none.json'), countVitest, undefined).failures).toHaveLength(1);
    const empty = write('empty.json', JSON.stringify({ testResults: [] }));
    expect(readReport(empty, countVitest, undefined).failures).toHaveLength(1);
  });
});

describe('the summary', () => {
  test('ends with the totals alone on a line', async () => {
    const results = [
      await runStep('lint', async () => undefined),
      await runStep('unit', async () => ({ passed: 11, failures: [] })),
    ];
    expect(summary(results).split('\n').at(-1)).toBe('12 passed, 0 failed');
  });

  test('names what failed and what was not run', async () => {
    const results = [
      await runStep('lint', async () => {
        throw new Error('biome ended with code 1');
      }),
      notRun('browser', 'Install one.'),
    ];
    const text = summary(results);
    expect(text).toContain('lint: biome ended with code 1');
    expect(text).toMatch(/not run +browser/);
    expect(text).toContain('Install one.');
    expect(text.split('\n').at(-1)).toBe('0 passed, 1 failed');
  });
});

describe('the browser', () => {
  test('is the one that the environment names, else the first on PATH', () => {
    const named = write('named/chrome');
    const chromium = write('bin/chromium');
    const google = write('other/google-chrome');
    const PATH = `${join(folder, 'other')}:${join(folder, 'bin')}`;
    expect(findBrowser({ STEADYREEL_CHROMIUM: named, PATH })).toBe(named);
    expect(findBrowser({ PATH })).toBe(chromium);
    expect(findBrowser({ PATH: join(folder, 'other') })).toBe(google);
  });

  test('must be there when the environment names it', () => {
    expect(() => findBrowser({ STEADYREEL_CHROMIUM: join(folder, 'none') })).toThrow(/STEADYREEL_CHROMIUM/);
  });
});

describe('Firefox', () => {
  test('is the one that the environment names, else the first on PATH', () => {
    const named = write('named/firefox');
    const esr = write('bin/firefox-esr');
    const other = write('other/firefox');
    const PATH = `${join(folder, 'other')}:${join(folder, 'bin')}`;
    expect(findFirefox({ STEADYREEL_FIREFOX: named, PATH })).toBe(named);
    expect(findFirefox({ PATH })).toBe(esr);
    expect(findFirefox({ PATH: join(folder, 'other') })).toBe(other);
    expect(findFirefox({ PATH: folder })).toBeUndefined();
  });

  test('must be there when the environment names it', () => {
    expect(() => findFirefox({ STEADYREEL_FIREFOX: join(folder, 'none') })).toThrow(/STEADYREEL_FIREFOX/);
  });
});

describe('staleness', () => {
  test('an edited, an added and a removed source each change the hash', () => {
    const file = write('src/a.ts');
    const first = sourcesHash(folder);
    expect(sourcesHash(folder)).toBe(first);
    utimesSync(file, 1, 1);
    const edited = sourcesHash(folder);
    const added = write('demo/deep/b.ts');
    const withAdded = sourcesHash(folder);
    expect(new Set([first, edited, withAdded]).size).toBe(3);
    rmSync(added);
    expect(sourcesHash(folder)).toBe(edited);
  });
});

test('a free port is another than one that is taken', async () => {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, resolve));
  const { port } = server.address() as { port: number };
  expect(await freePort(port)).not.toBe(port);
  await new Promise(resolve => server.close(resolve));
  expect(await freePort(port)).toBe(port);
});

test('the table has a line for each file', () => {
  const id = '00000000-0000-4000-8000-000000000000';
  const recording: Recording = {
    version: 1,
    id,
    state: 'complete',
    kind: 'original',
    startedAt: '2026-01-01T00:00:00.000Z',
    duration: 3,
    metadata: {},
    events: [],
    files: [
      { key: `recordings/${id}/0001.mp4`, index: 1, reason: 'start', startTime: 0, duration: 2, bytes: 1234 },
      {
        key: `recordings/${id}/0002.mp4`,
        index: 2,
        reason: 'video-color',
        startTime: 2,
        duration: 1,
        bytes: 99,
        video: {
          codec: 'avc1.64001f',
          codedWidth: 1280,
          codedHeight: 720,
          pixelAspectRatio: 1,
          rotation: 90,
          flip: false,
          colorSpace: { primaries: 'bt709', transfer: 'bt709', matrix: 'bt709', fullRange: true },
          frames: 30,
        },
      },
    ],
  };
  const [head, first, second, ...rest] = filesTable(recording).split('\n');
  expect(head).toMatch(/^file +reason +codec +size +rotation +range +duration +frames +bytes$/);
  expect(first).toMatch(/0001\.mp4 +start +2\.000 s +1234$/);
  expect(second).toMatch(/0002\.mp4 +video-color +avc1\.64001f +1280x720 +90° +full +1\.000 s +30 +99$/);
  expect(rest).toEqual([]);
});
