/** The size budget: what a page loads, minified and gzipped. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, type Rolldown } from 'vite';
import { beforeAll, expect, test } from 'vitest';
import { ensureBuild } from '../../scripts/lib/ensure-build.mjs';
import { DIST } from '../../scripts/lib/paths.mjs';

/** Bytes of the one file that a script tag loads. */
const SCRIPT_TAG_BUDGET = 60_000;
/** Bytes of what a bundler makes of the import, and of the worker. */
const MODULES_BUDGET = 60_000;

const gzipped = (code: string | Uint8Array): number => gzipSync(code, { level: 9 }).length;

/** `index.js` with its chunks as a user's bundler would give it, but for the files that it only refers to. */
const bundled = async (): Promise<string> => {
  const result = await build({
    configFile: false,
    logLevel: 'silent',
    build: {
      write: false,
      rolldownOptions: { input: join(DIST, 'index.js'), preserveEntrySignatures: 'strict' },
    },
  });
  const { output } = (Array.isArray(result) ? result[0] : result) as Rolldown.RolldownOutput;
  return output
    .filter(file => file.type === 'chunk')
    .map(({ code }) => code)
    .join('\n');
};

beforeAll(ensureBuild, 60_000);

test(`steadyreel.iife.js has at most ${SCRIPT_TAG_BUDGET} bytes`, () => {
  expect(gzipped(readFileSync(join(DIST, 'steadyreel.iife.js')))).toBeLessThanOrEqual(SCRIPT_TAG_BUDGET);
});

test(`index.js and worker.js have at most ${MODULES_BUDGET} bytes together`, async () => {
  const index = gzipped(await bundled());
  const worker = gzipped(readFileSync(join(DIST, 'worker.js')));
  expect(index + worker, `index.js ${index} + worker.js ${worker}`).toBeLessThanOrEqual(MODULES_BUDGET);
});
