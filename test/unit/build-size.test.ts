/** The size budget: what a page loads, minified and gzipped, as the benchmark measures it. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { bundled, gzipped } from '../../bench/peers/sizes.mjs';
import { ensureBuild } from '../../scripts/lib/ensure-build.mjs';
import { DIST } from '../../scripts/lib/paths.mjs';

/** Bytes of the one file that a script tag loads. */
const SCRIPT_TAG_BUDGET = 60_000;
/**
 * Bytes of what a bundler makes of the import, without what is loaded when it is needed, and of the worker. To reach: 50,000.
 */
const MODULES_BUDGET = 50_550;

beforeAll(ensureBuild, 60_000);

test(`steadyreel.iife.js has at most ${SCRIPT_TAG_BUDGET} bytes`, () => {
  expect(gzipped(readFileSync(join(DIST, 'steadyreel.iife.js')))).toBeLessThanOrEqual(SCRIPT_TAG_BUDGET);
});

test(`index.js and worker.js have at most ${MODULES_BUDGET} bytes together`, async () => {
  const index = gzipped(await bundled(join(DIST, 'index.js')));
  const worker = gzipped(readFileSync(join(DIST, 'worker.js')));
  expect(index + worker, `index.js ${index} + worker.js ${worker}`).toBeLessThanOrEqual(MODULES_BUDGET);
});

test.each(['extras.js', 'recovery.js'])(
  '%s is too large to become a data: address in a page of Vite',
  name => {
    expect(statSync(join(DIST, name)).size).toBeGreaterThan(4096);
  },
);
