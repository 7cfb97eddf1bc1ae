/** The size budget: what a page loads, minified and gzipped, as the benchmark measures it. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { bundled, CORE, gzipped } from '../../bench/peers/sizes.mjs';
import { ensureBuild } from '../../scripts/lib/ensure-build.mjs';
import { DIST } from '../../scripts/lib/paths.mjs';

/** Bytes of the one file that a script tag loads. */
const SCRIPT_TAG_BUDGET = 60_000;
/** Bytes of what a bundler makes of a page that records to tus, without what is loaded when it is needed, and of the worker. */
const CORE_BUDGET = 50_000;

beforeAll(ensureBuild, 60_000);

test(`steadyreel.iife.js has at most ${SCRIPT_TAG_BUDGET} bytes`, () => {
  expect(gzipped(readFileSync(join(DIST, 'steadyreel.iife.js')))).toBeLessThanOrEqual(SCRIPT_TAG_BUDGET);
});

test(`a page that imports Recorder and tus has at most ${CORE_BUDGET} bytes with worker.js`, async () => {
  const page = gzipped(await bundled(CORE));
  const worker = gzipped(readFileSync(join(DIST, 'worker.js')));
  expect(page + worker, `page ${page} + worker.js ${worker}`).toBeLessThanOrEqual(CORE_BUDGET);
});

test.each(['extras.js', 'recovery.js'])(
  '%s is too large to become a data: address in a page of Vite',
  name => {
    expect(statSync(join(DIST, name)).size).toBeGreaterThan(4096);
  },
);
