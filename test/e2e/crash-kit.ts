/** For tests in which the browser dies: a server with a page that records, and what must hold of what it leaves. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from '@playwright/test';
import type { Recording } from '../../src/manifest.ts';
import { type StorageServer, serve } from '../../src/server/index.ts';
import { bundlePage } from '../support/bundle.ts';
import { decodeErrors, readCounters } from '../support/media.ts';
import type { RawChromium, Tab } from '../support/raw-chromium.ts';
import type { CrashPage } from './pages/crash.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const HTML = '<!doctype html><script src="/steadyreel.iife.js"></script><script src="/page.js"></script>';

/** A server with the page, and the storage that it records to, in a folder that goes when the server does. */
export class Station {
  private constructor(
    private readonly server: StorageServer,
    readonly folder: string,
  ) {}

  static async start(): Promise<Station> {
    const folder = await mkdtemp(join(tmpdir(), 'steadyreel-crash-'));
    const files: Record<string, [type: string, text: string]> = {
      '/': ['text/html', HTML],
      '/page.js': ['text/javascript', await bundlePage('test/e2e/pages/crash.ts')],
      '/steadyreel.iife.js': [
        'text/javascript',
        await readFile(join(ROOT, 'dist/steadyreel.iife.js'), 'utf8'),
      ],
    };
    const fallback = async (request: Request): Promise<Response> => {
      const { pathname } = new URL(request.url);
      if (request.method === 'PUT') {
        const path = join(folder, pathname);
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, Buffer.from(await request.arrayBuffer()));
        return new Response(null, { status: 204 });
      }
      const [type, text] = files[pathname] ?? [];
      if (text === undefined) return new Response(null, { status: 404 });
      return new Response(text, { headers: { 'Content-Type': type ?? '' } });
    };
    const server = await serve({ dir: join(folder, 'stored'), port: 0, fallback });
    return new Station(server, folder);
  }

  /** A folder for a browser to keep its things in. */
  get profile(): string {
    return join(this.folder, 'profile');
  }

  /** Opens the page; `onReport` hears at once what it makes. */
  async open(
    browser: RawChromium,
    onReport: (made: Made) => void = () => undefined,
    query: Record<string, string> = {},
  ): Promise<Page> {
    const url = `${this.server.url}?${new URLSearchParams(query)}`;
    const tab = await browser.open(url, message => onReport(JSON.parse(message)));
    return new Page(tab);
  }

  /** All manifests and where their files lie: in the storage, and what a device had kept. */
  async recordings(): Promise<Stored[]> {
    const found: Stored[] = [];
    for (const place of ['stored', 'kept']) {
      for (const id of await readdir(join(this.folder, place)).catch(() => [])) {
        // Of uploads that are under way.
        if (id.startsWith('.')) continue;
        const folder = join(this.folder, place, id);
        const manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as Recording;
        found.push({ manifest, folder });
      }
    }
    return found;
  }

  async close(): Promise<void> {
    await this.server.close(0);
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** A frame that the page has given to its track. */
export interface Made {
  id: string;
  /** Frames so far. */
  frames: number;
}

/** A recording as it lies on the disk. */
export interface Stored {
  manifest: Recording;
  folder: string;
}

/** The page's own functions, called from here. */
export class Page {
  constructor(private readonly tab: Tab) {}

  call<Name extends keyof CrashPage>(
    name: Name,
    ...args: Parameters<CrashPage[Name]>
  ): Promise<Awaited<ReturnType<CrashPage[Name]>>> {
    return this.tab.evaluate(`page.${name}(...${JSON.stringify(args)})`);
  }

  /** Lets it have so many bytes on its device. */
  async limit(quotaSize: number): Promise<void> {
    const origin = await this.tab.evaluate('location.origin');
    await this.tab.send('Storage.overrideQuotaForOrigin', { origin, quotaSize });
  }
}

/** What must hold of each: whole, as the manifest says, decodable, every frame once and in order. Returns how many there are. */
export const checkStored = async ({ manifest, folder }: Stored): Promise<number> => {
  const shown: number[] = [];
  for (const [i, file] of manifest.files.entries()) {
    const path = join(folder, file.key.split('/').at(-1) ?? '');
    const bytes = await readFile(path);
    expect(bytes.length, `${file.key} bytes`).toBe(file.bytes);
    expect(createHash('sha256').update(bytes).digest('hex'), `${file.key} sha256`).toBe(file.sha256);
    expect(await decodeErrors(path, true), file.key).toBe('');
    const next = manifest.files[i + 1];
    if (next) {
      expect(Math.round((file.startTime + file.duration) * 1e6)).toBe(Math.round(next.startTime * 1e6));
    }
    if (!file.video) continue;
    const counters = await readCounters(path, file.video.codedWidth, file.video.codedHeight);
    expect(counters.length, `${file.key} frames`).toBe(file.video.frames);
    shown.push(...counters);
  }
  expect(shown, manifest.id).toEqual(Array.from({ length: shown.length }, (_, i) => i));
  return shown.length;
};
