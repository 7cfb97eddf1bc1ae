/** What the end-to-end tests run against: the built demo with storage in a folder that goes when the server does. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBuild } from './lib/ensure-build.mjs';

const dir = mkdtempSync(join(tmpdir(), 'steadyreel-e2e-'));
process.on('exit', () => rmSync(dir, { recursive: true, force: true }));
await ensureBuild();
process.argv.splice(2, 0, 'serve', '--static', 'dist/demo', '--dir', dir);
await import(new URL('../dist/cli.js', import.meta.url).href);
