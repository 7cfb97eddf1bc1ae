/** Makes the projects of users: in a folder of their own, with the package as npm would install it. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const DIST = join(ROOT, 'dist');

/** What a page of these tests found out; see `PAGE`. */
export interface PageResult {
  /** Of the error that `start()` or `stop()` rejected with. */
  error?: { code: string; message: string };
  files?: {
    sha256: string | undefined;
    /** SHA-256 of what the storage gives back. */
    stored: string;
    duration: number;
    frames: number | undefined;
    video: string | undefined;
    audio: string | undefined;
  }[];
}

/**
 * Records a second of a canvas and an oscillator, for which it needs `Recorder` and `device` in scope and its
 * options in the page's address: `?audio=aac`, `?worker=/worker.js`.
 */
const PAGE = `
const query = new URLSearchParams(location.search);
const canvas = document.createElement('canvas');
canvas.width = 320;
canvas.height = 180;
const context = canvas.getContext('2d');
let frame = 0;
setInterval(() => {
  context.fillStyle = 'hsl(' + (frame++ * 3) % 360 + ' 80% 50%)';
  context.fillRect(0, 0, 320, 180);
}, 33);

const sound = new AudioContext();
const tone = new OscillatorNode(sound);
const out = new MediaStreamAudioDestinationNode(sound);
tone.connect(out);
tone.start();

const hex = buffer => Array.from(new Uint8Array(buffer), byte => byte.toString(16).padStart(2, '0')).join('');

const describeFile = async ({ key, sha256, duration, video, audio }) => {
  const blob = await device().read(key);
  const stored = hex(await crypto.subtle.digest('SHA-256', await blob.arrayBuffer()));
  return { sha256, stored, duration, frames: video?.frames, video: video?.codec, audio: audio?.codec };
};

const record = async () => {
  const stream = new MediaStream([...canvas.captureStream(30).getTracks(), ...out.stream.getTracks()]);
  const recorder = new Recorder(stream, {
    storage: device(),
    audio: { codec: query.get('audio') ?? 'auto' },
    ...(query.has('worker') ? { workerUrl: query.get('worker') } : {}),
  });
  const second = new Promise((resolve, reject) => {
    recorder.on('progress', ({ duration }) => duration >= 1 && resolve());
    recorder.on('error', ({ error }) => reject(error));
  });
  await Promise.all([recorder.start(), second]);
  const { files } = await recorder.stop();
  return { files: await Promise.all(files.map(describeFile)) };
};

window.result = record().catch(({ code, message }) => ({ error: { code, message } }));
`;

/** The page's script for a bundler. */
export const MODULE_PAGE = `import { Recorder, device } from 'steadyreel';\n${PAGE}`;
/** The page's script after the script tag. */
export const SCRIPT_PAGE = `const { Recorder, device } = Steadyreel;\n${PAGE}`;

/** An HTML page with these scripts. */
export const html = (...scripts: string[]): string =>
  `<!doctype html><meta charset="utf-8"><title>page</title><link rel="icon" href="data:,"><body>${scripts.join('')}`;

/** A folder with these files in it. */
export const makeFolder = (files: Record<string, string>): string => {
  const folder = mkdtempSync(join(tmpdir(), 'steadyreel-consumer-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
};

export const removeFolder = (folder: string): void => rmSync(folder, { recursive: true, force: true });

/** A project that has steadyreel installed: a copy, because npm makes no links either. */
export const makeProject = (files: Record<string, string>): string => {
  const project = makeFolder({ 'package.json': '{ "private": true, "type": "module" }', ...files });
  const installed = join(project, 'node_modules', 'steadyreel');
  cpSync(join(ROOT, 'package.json'), join(installed, 'package.json'));
  const demo = join(DIST, 'demo');
  cpSync(DIST, join(installed, 'dist'), { recursive: true, filter: source => source !== demo });
  return project;
};

const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript' };

/** A web server that sends files from these folders, the first that has it. */
export const serveFolders = async (
  folders: readonly string[],
  headers: Record<string, string> = {},
): Promise<{ url: string; close(): Promise<void> }> => {
  const read = (path: string): Buffer | undefined => {
    for (const folder of folders) {
      try {
        return readFileSync(join(folder, path));
      } catch {
        // The next one may have it.
      }
    }
    return undefined;
  };
  const server: Server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const path = pathname === '/' ? '/index.html' : pathname;
    const body = read(path);
    response.writeHead(body === undefined ? 404 : 200, {
      'Content-Type': TYPES[extname(path)] ?? 'application/octet-stream',
      ...headers,
    });
    response.end(body);
  });
  await new Promise<void>(resolve => server.listen(0, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://localhost:${port}/`,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
