/** What is in dist/, as npm would publish it: complete, typed, and split where it has to be. */
import { spawnSync } from 'node:child_process';
import {
  accessSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { parseSync, Visitor } from 'vite';
import { beforeAll, describe, expect, test } from 'vitest';
import { ensureBuild } from '../../scripts/lib/ensure-build.mjs';
import { DIST, ROOT } from '../../scripts/lib/paths.mjs';

const dist = (name: string): string => readFileSync(join(DIST, name), 'utf8');

/** What a module imports, and exports from elsewhere. */
const requests = (name: string, code: string): string[] => {
  const { staticImports, staticExports } = parseSync(name, code).module;
  const exported = staticExports.flatMap(({ entries }) => entries.map(entry => entry.moduleRequest?.value));
  return [...staticImports.map(({ moduleRequest }) => moduleRequest.value), ...exported].filter(
    request => typeof request === 'string',
  );
};

/** Chunks that a module loads when they are needed. */
const later = (name: string, code: string): string[] =>
  parseSync(name, code).module.dynamicImports.flatMap(({ moduleRequest: { start, end } }) =>
    [...code.slice(start, end).matchAll(/^["'](.*)["']$/g)].map(([, request = '']) => request),
  );

/** A module of dist/ and all that it loads, as text, by name. */
const withChunks = (name: string, found: Record<string, string> = {}): Record<string, string> => {
  found[name] = dist(name);
  for (const request of [...requests(name, found[name]), ...later(name, found[name])]) {
    const chunk = request.replace(/^\.\//, '');
    if (found[chunk] === undefined) withChunks(chunk, found);
  }
  return found;
};

beforeAll(ensureBuild, 60_000);

describe('package.json', () => {
  const { exports, bin } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

  test('points at files that are there', () => {
    const targets = Object.values(exports).flatMap(entry =>
      typeof entry === 'string' ? [entry] : Object.values(entry as Record<string, string>),
    );
    const files = targets.filter(target => !target.includes('*'));
    expect(files.length).toBeGreaterThan(5);
    for (const file of files) accessSync(join(ROOT, file));
  });

  test('has a command that can be run', () => {
    accessSync(join(ROOT, bin.steadyreel), constants.X_OK);
    expect(dist('cli.js')).toMatch(/^#!\/usr\/bin\/env node\n/);
    const { stdout } = spawnSync(process.execPath, [join(ROOT, bin.steadyreel), '--help'], {
      encoding: 'utf8',
    });
    expect(stdout).toContain('steadyreel serve');
  });
});

describe('the ES modules', () => {
  test.each(['index.js', 'element.js'])('%s holds no package, and none of the muxer', name => {
    const text = Object.values(withChunks(name)).join('\n');
    expect(text.match(/node_modules|mediabunny|Mp4OutputFormat/i)?.[0]).toBeUndefined();
    // The code for calls, by an address that bundlers are to leave alone.
    const imports = Object.values(withChunks(name)).flatMap(code =>
      parseSync(name, code).module.dynamicImports.map(({ start, end }) => code.slice(start, end)),
    );
    const hidden = imports.filter(text => !/^import\("\.\/[\w-]+\.js"\)$/.test(text));
    expect(hidden).toHaveLength(1);
    expect(hidden[0]).toMatch(/@vite-ignore.*webpackIgnore: true.*\burl\s*\)$/s);
    // Reading, finishing what a crash has left behind, and keeping the page open.
    expect(imports.length - hidden.length).toBe(3);
  });

  test('both have the same Recorder', () => {
    const shared = Object.keys(withChunks('element.js')).filter(name => name in withChunks('index.js'));
    expect(shared.filter(name => /class Recorder|Recorder = class/.test(dist(name)))).toHaveLength(1);
  });

  test('name the files beside them as bundlers look for them', () => {
    const text = Object.values(withChunks('index.js')).join('\n').replace(/\s+/g, ' ').replaceAll('"', "'");
    const missing = [
      "new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'steadyreel' })",
      "new Worker(new URL('./tap.js', import.meta.url), { type: 'module', name: 'steadyreel-tap' })",
      "new URL('./aac-encoder.js', import.meta.url)",
      "new URL('./passthrough.js', import.meta.url)",
      "new URL('./recovery.js', import.meta.url)",
      "new URL('./extras.js', import.meta.url)",
      "new URL('./auto.js', import.meta.url)",
      "new URL('./overlays.js', import.meta.url)",
      "new URL('./thumbnails.js', import.meta.url)",
    ].filter(expression => !text.includes(expression));
    expect(missing).toEqual([]);
    expect(text.match(/__STEADYREEL\w+/)).toBeNull();
  });
});

describe('the S3 handler', () => {
  test('has no need of Node, and loads two small packages only', () => {
    const packages = new Set<string>();
    const load = (name: string): void => {
      const code = dist(name);
      expect(code).not.toMatch(/\b(?:process|Buffer|require|__dirname)\b/);
      for (const request of requests(name, code)) {
        if (request.startsWith('./')) load(request.slice(2));
        else packages.add(request);
      }
    };
    load('server-s3.js');
    expect([...packages].sort()).toEqual(['@noble/hashes/legacy.js', 'aws4fetch']);
  });
});

describe('the files that stand alone', () => {
  test.each(['worker.js', 'steadyreel.iife.js'])(
    '%s is a classic script that imports only by address',
    name => {
      const text = dist(name);
      // Refuses import and export statements and import.meta.
      new Script(text);
      const { dynamicImports } = parseSync(name, text).module;
      const addresses = dynamicImports.map(({ moduleRequest: { start, end } }) => text.slice(start, end));
      expect(addresses.every(address => /^[\w$.]+$/.test(address))).toBe(true);
    },
  );

  test('worker.js loads the AAC encoder, and the code for calls and thumbnails, by itself, out of sight of bundlers', () => {
    expect(
      dist('worker.js').match(/import\(\/\* webpackIgnore: true \*\/ \/\* @vite-ignore \*\/ \w+\)/g),
    ).toHaveLength(2);
  });

  test('steadyreel.iife.js holds a worker with all in it that worker.js loads for S3 and recovery', () => {
    const strings: unknown[] = [];
    new Visitor({ Literal: ({ value }) => void strings.push(value) }).visit(
      parseSync('steadyreel.iife.js', dist('steadyreel.iife.js')).program,
    );
    const workers = strings.filter(text => typeof text === 'string' && text.includes('onmessage'));
    expect(workers).toHaveLength(1);
    const whole = String(workers[0]);
    new Script(whole);
    // What an S3 store says, what is asked of one, what only a recovery finds out, and the canvas that frames are fitted on.
    const marks = ['<Code>', 'uploadId=', 'recording-elsewhere', 'OffscreenCanvas'];
    expect(marks.filter(mark => whole.includes(mark))).toEqual(marks);
    expect(marks.filter(mark => dist('worker.js').includes(mark))).toEqual(['OffscreenCanvas']);
  });

  test.each([
    ['passthrough.js', ['openCall', 'openCallTracks']],
    ['auto.js', ['openAuto']],
  ])('%s imports nothing, and gives the page and the worker their parts', (file, parts) => {
    const { staticImports, dynamicImports, staticExports } = parseSync(file, dist(file)).module;
    expect([...staticImports, ...dynamicImports]).toEqual([]);
    const names = staticExports.flatMap(({ entries }) => entries.map(entry => entry.exportName.name));
    expect(names.sort()).toEqual(parts);
  });

  test.each([
    ['extras.js', ['ConstantRate', 'Turn', 'createSink', 'memoryStores', 'openAccess'], 0],
    // It needs the storage, too.
    ['recovery.js', ['recoverAll'], 1],
  ] as const)('%s imports nothing, and gives the worker its part', (file, parts, byAddress) => {
    const { staticImports, dynamicImports, staticExports } = parseSync(file, dist(file)).module;
    expect(staticImports).toEqual([]);
    expect(dynamicImports).toHaveLength(byAddress);
    const names = staticExports.flatMap(({ entries }) => entries.map(entry => entry.exportName.name));
    expect(names.sort()).toEqual(parts);
  });

  test('thumbnails.js imports nothing, and gives the worker its part', () => {
    const text = dist('thumbnails.js');
    const { staticImports, dynamicImports, staticExports } = parseSync('thumbnails.js', text).module;
    expect([...staticImports, ...dynamicImports]).toEqual([]);
    const names = staticExports.flatMap(({ entries }) => entries.map(entry => entry.exportName.name));
    expect(names).toEqual(['watchTracks']);
  });

  test('tap.js is a classic script that imports nothing', () => {
    new Script(dist('tap.js'));
    const { staticImports, dynamicImports } = parseSync('tap.js', dist('tap.js')).module;
    expect([...staticImports, ...dynamicImports]).toEqual([]);
  });

  test('overlays.js imports nothing, and gives the page and the worker their parts', () => {
    const text = dist('overlays.js');
    const { staticImports, dynamicImports, staticExports } = parseSync('overlays.js', text).module;
    expect([...staticImports, ...dynamicImports]).toEqual([]);
    const names = staticExports.flatMap(({ entries }) => entries.map(entry => entry.exportName.name));
    expect(names.sort()).toEqual(['openBoth', 'openDesk', 'openServer']);
  });

  test('aac-encoder.js imports nothing', () => {
    const { staticImports, dynamicImports, staticExports } = parseSync(
      'aac-encoder.js',
      dist('aac-encoder.js'),
    ).module;
    expect([...staticImports, ...dynamicImports]).toEqual([]);
    expect(staticExports.flatMap(({ entries }) => entries.map(entry => entry.exportName.name))).toEqual([
      'createAacEncoder',
      'tryAacEncoder',
    ]);
  });

  test('the licences of the packages in aac-encoder.js lie beside it', () => {
    expect(dist('aac-encoder.licenses.md')).toMatch(/mediabunny.*MPL-2\.0/);
  });
});

const CONSUMER = `
import { device, Recorder, type Recording, SteadyreelError, tus } from 'steadyreel';
import { SteadyRecorderElement } from 'steadyreel/element';
import { createStorageHandler } from 'steadyreel/server';
import { createS3Handler, type S3HandlerOptions } from 'steadyreel/server/s3';

const recorder = new Recorder(new MediaStream(), { storage: tus({ endpoint: '/storage' }) });
const recording: Promise<Recording> = recorder.stop();
const handler: (request: Request) => Promise<Response> = createStorageHandler({ dir: '.' });
const options: S3HandlerOptions = {
  endpoint: 'https://s3.example',
  bucket: 'b',
  credentials: () => ({ accessKeyId: 'a', secretAccessKey: 's' }),
};
const atTheEdge: (request: Request) => Promise<Response> = createS3Handler(options);
// Each of these is an error only when the types arrive as they are, and not as any.
// @ts-expect-error
const state: number = recorder.state;
// @ts-expect-error
new Recorder(1);
// @ts-expect-error
createStorageHandler();
// @ts-expect-error
createS3Handler({ endpoint: 'https://s3.example', bucket: 'b' });
// @ts-expect-error
new SteadyRecorderElement().nothing;
export { atTheEdge, device, handler, recording, state, SteadyreelError };
`;

describe('the types', () => {
  test.each([
    { module: 'esnext', moduleResolution: 'bundler' },
    { module: 'node16', moduleResolution: 'node16' },
  ])(
    'arrive with moduleResolution $moduleResolution',
    options => {
      const folder = mkdtempSync(join(tmpdir(), 'steadyreel-types-'));
      try {
        mkdirSync(join(folder, 'node_modules'));
        symlinkSync(ROOT, join(folder, 'node_modules', 'steadyreel'));
        writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
        writeFileSync(join(folder, 'consumer.ts'), CONSUMER);
        const compilerOptions = {
          ...options,
          noEmit: true,
          strict: true,
          skipDefaultLibCheck: true,
          target: 'es2022',
          lib: ['es2023', 'dom', 'dom.iterable'],
          types: ['node'],
          typeRoots: [join(ROOT, 'node_modules', '@types')],
        };
        writeFileSync(
          join(folder, 'tsconfig.json'),
          JSON.stringify({ compilerOptions, files: ['consumer.ts'] }),
        );
        const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
        const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' });
        expect(stdout).toBe('');
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
    60_000,
  );
});
