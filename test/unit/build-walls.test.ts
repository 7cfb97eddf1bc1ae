/** The linter holds the walls between the folders: offending files, made beside a copy of its configuration, are seen. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../../scripts/lib/paths.mjs';

interface Diagnostic {
  severity: string;
  category: string;
  location: { path: string; start: { line: number } };
}

/** Imports that must be refused, by the file that they stand in. */
const REFUSED: Record<string, string[]> = {
  'src/cut/x.ts': [
    '../passthrough/chain.ts',
    '../mux/mp4-writer.ts',
    '../inspect/inspect.ts',
    '../recorder.ts',
    '../index.ts',
    '../worker/session.ts',
    '../element/index.ts',
    '../server/index.ts',
    'mediabunny',
    'node:fs',
    'steadyreel',
  ],
  'src/passthrough/x.ts': [
    '../cut/avc.ts',
    '../mux/mp4-writer.ts',
    '../worker/session.ts',
    'mediabunny',
    'node:fs',
  ],
  'src/tap/x.ts': ['../passthrough/chain.ts', '../worker/session.ts', '../recorder.ts', 'node:fs'],
  'src/thumbnails/x.ts': ['../compose/video-fit.ts', '../storage/sink.ts', '../worker/session.ts'],
  'src/source/x.ts': ['../encode/choose.ts', 'mediabunny'],
  'src/compose/x.ts': ['../cut/decide.ts'],
  'src/journal/x.ts': ['../storage/storage.ts'],
  'src/clip/x.ts': ['../mux/mp4-writer.ts'],
  'src/inspect/x.ts': ['../source/capture.ts', 'node:fs/promises'],
  'src/mux/x.ts': ['../cut/avc.ts', 'mediabunny', '@mediabunny/aac-encoder'],
  'src/encode/x.ts': ['mediabunny', '@mediabunny/aac-encoder'],
  'src/encode/aac-encoder.ts': ['../cut/avc.ts'],
  'src/storage/tus/x.ts': ['../../cut/avc.ts', '../../recorder.ts', '../../index.ts', 'mediabunny'],
  'src/manifest.ts': ['./mux/mp4-writer.ts', './worker/protocol.ts'],
  'src/levels.ts': ['./passthrough/vp9.ts', './encode/codecs.ts'],
  'src/errors.ts': ['./source/capture.ts'],
  'src/options.ts': ['./encode/choose.ts'],
  'src/recorder.ts': ['mediabunny', 'node:path', './server/index.ts'],
  'src/worker/x.ts': ['mediabunny', '../server/index.ts'],
  'src/element/x.ts': ['../worker/spawn.ts', '../source/capture.ts', '../server/index.ts'],
  'src/server/x.ts': ['../mux/mp4-writer.ts', '../storage/storage.ts', '../recorder.ts', '../index.ts'],
  'src/server/s3/x.ts': ['node:crypto', '../../mux/mp4-writer.ts', '../../storage/storage.ts'],
  'src/server/webhooks/x.ts': ['node:crypto', '../../storage/storage.ts'],
  'src/server/frame.ts': ['node:stream'],
  'src/cli.ts': ['./mux/mp4-writer.ts', './recorder.ts'],
  'demo/x.ts': ['../src/index.ts', 'steadyreel/server', 'mediabunny', '@noble/hashes/sha2.js', 'node:fs'],
  'demo/app/x.ts': ['../../src/index.ts', '../../dist/index.js'],
};

/** Imports that must be allowed: a wall that lets nothing through would pass the test above as well. */
const ALLOWED: Record<string, string[]> = {
  'src/cut/y.ts': ['./avc.ts', '../manifest.ts'],
  'src/passthrough/y.ts': ['./bits.ts', '../levels.ts', '../manifest.ts'],
  'src/tap/y.ts': ['./outlet.ts', '../encoded.ts', '../errors.ts'],
  'src/thumbnails/y.ts': ['./layout.ts', '../manifest.ts', '../options.ts'],
  'src/mux/y.ts': ['../media.ts', '../code-points.ts'],
  'src/encode/aac-encoder.ts': ['@mediabunny/aac-encoder', 'mediabunny', '../media.ts'],
  'src/storage/tus/y.ts': ['../http.ts', '../device/device.ts', '../../errors.ts'],
  'src/options.ts': ['./storage/storage.ts', './errors.ts'],
  'src/worker/y.ts': ['../cut/decide.ts', '../mux/mp4-writer.ts'],
  'src/element/y.ts': ['../index.ts', '../storage/storage.ts'],
  'src/server/y.ts': ['node:fs', '../manifest.ts', '../inspect/inspect.ts', '@tus/server'],
  'src/server/webhooks/y.ts': ['../../errors.ts', '../listing.ts'],
  'src/server/s3/y.ts': ['../errors.ts', '../../manifest.ts', 'aws4fetch'],
  'src/cli.ts': ['node:path', './server/index.ts'],
  'demo/y.ts': ['steadyreel', 'steadyreel/element', './x.ts', './style.css'],
  'demo/app/y.ts': ['../test-pattern/index.ts'],
};

let folder: string;
let diagnostics: Diagnostic[];

const write = (name: string, lines: readonly string[]): void => {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), `${lines.join('\n')}\n`);
};

/** Each import is one line, the refused ones of a file first. */
const importsOf = (file: string): string[] => [...(REFUSED[file] ?? []), ...(ALLOWED[file] ?? [])];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'steadyreel-walls-'));
  cpSync(join(ROOT, 'biome.json'), join(folder, 'biome.json'));
  for (const file of new Set([...Object.keys(REFUSED), ...Object.keys(ALLOWED)])) {
    write(
      file,
      importsOf(file).map(name => `import '${name}';`),
    );
  }
  write('src/worker/circle-a.ts', [`import { b } from './circle-b.ts';`, 'export const a = () => b;']);
  write('src/worker/circle-b.ts', [`import { a } from './circle-a.ts';`, 'export const b = () => a;']);
  const { stdout } = spawnSync(
    join(ROOT, 'node_modules', '.bin', 'biome'),
    ['lint', '--vcs-enabled=false', '--reporter=json', '--max-diagnostics=none', '.'],
    { cwd: folder, encoding: 'utf8' },
  );
  diagnostics = (JSON.parse(stdout) as { diagnostics: Diagnostic[] }).diagnostics;
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The imports of a file that the linter refuses. */
const refusedIn = (file: string): string[] => {
  const lines = diagnostics
    .filter(({ severity, location }) => severity === 'error' && location.path === file)
    .map(({ location }) => location.start.line);
  return importsOf(file).filter((_, index) => lines.includes(index + 1));
};

test.each([...new Set([...Object.keys(REFUSED), ...Object.keys(ALLOWED)])])('%s', file => {
  expect(refusedIn(file)).toEqual(REFUSED[file] ?? []);
});

test('files do not import each other in a circle', () => {
  const circles = diagnostics.filter(({ category }) => category === 'lint/suspicious/noImportCycles');
  expect(circles.map(({ location }) => location.path).sort()).toEqual([
    'src/worker/circle-a.ts',
    'src/worker/circle-b.ts',
  ]);
});
