/** What the worker loads when it is needed, as it is in dist/, and the one file that has it all. */
import { createHash } from 'node:crypto';
import { type BrowserContext, expect, type Page, test } from '@playwright/test';
import type { Recording } from '../../src/manifest.ts';

/** A storage handler, and the store that it signs for. */
class FakeS3 {
  readonly objects = new Map<string, Buffer>();
  readonly #parts = new Map<string, Buffer>();

  async serve(context: BrowserContext): Promise<void> {
    await context.route('**/s3/**', async route => {
      const { pathname, searchParams, origin } = new URL(route.request().url());
      const [, key = '', action] = /^\/s3\/(.*?)(?:\/(upload|parts|complete))?$/.exec(pathname) ?? [];
      const body = route.request().postDataBuffer() ?? Buffer.alloc(0);
      if (action === 'upload') return route.fulfill({ json: { uploadId: key } });
      // None is there yet; and where the only one is to be put.
      const parts =
        route.request().method() === 'GET' ? [] : [{ url: `${origin}/s3/${key}?part`, headers: {} }];
      if (action === 'parts') return route.fulfill({ json: { parts } });
      if (action === 'complete') this.objects.set(key, this.#parts.get(key) ?? Buffer.alloc(0));
      else if (searchParams.has('part')) this.#parts.set(key, body);
      else this.objects.set(key, body);
      await route.fulfill({ json: {} });
    });
  }

  /** The recording that is there, with its file as the manifest says: fitted, and at the rate that was asked for. */
  check(frameRate?: number): Recording {
    const [key] = [...this.objects.keys()].filter(name => name.endsWith('manifest.json'));
    const manifest = JSON.parse(this.objects.get(key ?? '')?.toString() ?? '') as Recording;
    expect(manifest.files).toHaveLength(1);
    for (const file of manifest.files) {
      const bytes = this.objects.get(file.key) ?? Buffer.alloc(0);
      expect(bytes.length).toBe(file.bytes);
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(file.sha256);
      expect(file.video).toMatchObject({ codedWidth: 160, codedHeight: 90 });
      if (frameRate) expect(file.video?.frames).toBe(Math.round(file.duration * frameRate));
    }
    return manifest;
  }
}

const CSP = "default-src 'self'; script-src 'self' 'unsafe-eval'; worker-src 'self'; img-src data:";

interface InPage {
  Steadyreel: typeof import('../../src/index.ts');
  movingPicture(): MediaStream;
}

/** In each page, whatever its content security policy: a stream whose picture changes. */
const addMovingPicture = (context: BrowserContext): Promise<unknown> =>
  context.addInitScript(() => {
    const movingPicture = (): MediaStream => {
      const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 180 });
      const painted = canvas.getContext('2d');
      let frame = 0;
      setInterval(() => {
        if (!painted) return;
        painted.fillStyle = `hsl(${frame++ % 360} 80% 50%)`;
        painted.fillRect(0, 0, canvas.width, canvas.height);
      }, 33);
      return canvas.captureStream(30);
    };
    Object.assign(window, { movingPicture });
  });

/** Opens a page with the script-tag build; hears which scripts are loaded, also by workers. */
const open = async (context: BrowserContext, headers: Record<string, string> = {}) => {
  await addMovingPicture(context);
  const page = await context.newPage();
  const scripts = new Set<string>();
  context.on('request', request => {
    const { pathname } = new URL(request.url());
    if (pathname.endsWith('.js')) scripts.add(pathname);
  });
  await page.route('**/parts-test.html', route =>
    route.fulfill({
      ...{ contentType: 'text/html', headers },
      body: '<!doctype html><title>test</title><script src="/steadyreel.iife.js"></script>',
    }),
  );
  await page.goto('/parts-test.html');
  return { page, scripts };
};

/** Begins a recording to S3 and has so much of it. */
const begin = (page: Page, workerUrl?: string): Promise<void> =>
  page.evaluate(async url => {
    const { Steadyreel, movingPicture } = window as unknown as InPage;
    const { Recorder, s3 } = Steadyreel;
    const storage = s3({ endpoint: '/s3' });
    const video = { size: { width: 160, height: 90 }, ...(url && { frameRate: 20 }) };
    const recorder = new Recorder(movingPicture(), {
      storage,
      video,
      ...(url && { workerUrl: url }),
    });
    Object.assign(window, { recorder });
    const enough = new Promise<void>(resolve =>
      recorder.on('progress', ({ duration }) => duration > 1 && resolve()),
    );
    await recorder.start();
    await enough;
  }, workerUrl);

const stop = (page: Page): Promise<void> =>
  page.evaluate(async () => {
    await (window as unknown as { recorder: { stop(): Promise<unknown> } }).recorder.stop();
  });

/** @returns how many recordings were finished. */
const recover = (page: Page, workerUrl?: string): Promise<number> =>
  page.evaluate(async url => {
    const { recover: finish, s3 } = (window as unknown as { Steadyreel: typeof import('../../src/index.ts') })
      .Steadyreel;
    return (await finish({ storage: s3({ endpoint: '/s3' }), ...(url && { workerUrl: url }) })).length;
  }, workerUrl);

const WORKERS = [
  { what: 'the one file, with nothing beside it', workerUrl: undefined, headers: {}, loaded: [] },
  {
    what: 'the worker by its address, under a strict content security policy',
    workerUrl: '/worker.js',
    headers: { 'Content-Security-Policy': CSP },
    loaded: ['/worker.js', '/extras.js', '/recovery.js'],
  },
];

for (const { what, workerUrl, headers, loaded } of WORKERS) {
  test(`records to S3, and finishes what a closed tab has left: ${what}`, async ({ context }) => {
    const store = new FakeS3();
    const frameRate = workerUrl === undefined ? undefined : 20;
    await store.serve(context);
    const first = await open(context, headers);
    await begin(first.page, workerUrl);
    await stop(first.page);
    expect(store.check(frameRate).state).toBe('complete');

    store.objects.clear();
    await begin(first.page, workerUrl);
    await first.page.close({ runBeforeUnload: false });
    const second = await open(context, headers);
    await expect.poll(() => recover(second.page, workerUrl)).toBe(1);
    expect(store.check(frameRate).state).toBe('recovered');

    const scripts = new Set([...first.scripts, ...second.scripts]);
    expect([...scripts].sort()).toEqual(['/steadyreel.iife.js', ...loaded].sort());
  });
}

/** Begins to record on this device, and says so. */
const beginOnDevice = (page: Page, workerUrl?: string): Promise<void> =>
  page.evaluate(async url => {
    const { Steadyreel, movingPicture } = window as unknown as InPage;
    const { Recorder, device } = Steadyreel;
    const recorder = new Recorder(movingPicture(), {
      storage: device(),
      ...(url && { workerUrl: url }),
    });
    Object.assign(window, { recorder });
    await recorder.start();
  }, workerUrl);

/** Goes over to the next recording, and stops that. @returns seconds of both. */
const rollOver = (page: Page): Promise<number[]> =>
  page.evaluate(async () => {
    const { recorder } = window as unknown as { recorder: import('../../src/index.ts').Recorder };
    const first = new Promise<number>(resolve =>
      recorder.on('finished', ({ recording }) => resolve(recording?.duration ?? 0)),
    );
    await recorder.rollOver();
    await new Promise<void>(resolve =>
      recorder.on('progress', ({ duration }) => duration > 0.5 && resolve()),
    );
    const last = await recorder.stop();
    return [await first, last.duration];
  });

test('rolls over when the network is gone, with the worker by its address', async ({ context }) => {
  const loaded = new Set<string>();
  context.on('requestfinished', request => loaded.add(new URL(request.url()).pathname));
  const { page } = await open(context);
  await beginOnDevice(page, '/worker.js');
  // The worker of the next one stands ready, with all that it needs.
  await expect.poll(() => loaded.has('/extras.js')).toBe(true);
  await context.setOffline(true);
  const [before, after] = await rollOver(page);
  expect(before).toBeGreaterThan(0);
  expect(after).toBeGreaterThan(0.5);
});

test('a roll-over that can not be had, as the network is gone, leaves the recording as it is', async ({
  context,
}) => {
  const { page } = await open(context);
  await beginOnDevice(page);
  await context.setOffline(true);
  const code = await page.evaluate(() =>
    (window as unknown as { recorder: import('../../src/index.ts').Recorder }).recorder.rollOver().then(
      () => undefined,
      error => (error as { code: string }).code,
    ),
  );
  expect(code).toBe('worker-failed');
  const duration = await page.evaluate(async () => {
    const { recorder } = window as unknown as { recorder: import('../../src/index.ts').Recorder };
    await new Promise<void>(resolve =>
      recorder.on('progress', ({ duration: now }) => now > 1.5 && resolve()),
    );
    return (await recorder.stop()).duration;
  });
  expect(duration).toBeGreaterThan(1.5);
});

/** Records a moment to where the page was served from, and reads it there, then asks for what is not there, and deletes it. */
const readBack = (page: Page) =>
  page.evaluate(async () => {
    const { Steadyreel, movingPicture } = window as unknown as InPage;
    const storage = Steadyreel.tus({ endpoint: '/storage' });
    const recorder = new Steadyreel.Recorder(movingPicture(), { storage });
    await recorder.start();
    await new Promise<void>(resolve =>
      recorder.on('progress', ({ duration }) => duration > 0.5 && resolve()),
    );
    const { id, files } = await recorder.stop();
    const [file] = files;
    const listed = (await storage.list()).map(recording => recording.id);
    const { size } = await storage.read(file?.key ?? '');
    await storage.delete(id);
    const missing = await storage.read(file?.key ?? '').catch((error: unknown) => error);
    const headers = (): Record<string, string> => ({ Authorization: 1 as unknown as string });
    const refused = await Steadyreel.tus({ endpoint: '/storage', headers })
      .list()
      .catch((error: unknown) => error);
    // Of the one file itself, and of the one beside it.
    const areOurs = [
      refused instanceof Steadyreel.OptionInvalidError,
      missing instanceof Steadyreel.StorageNotFoundError,
    ];
    return { there: listed.includes(id), missed: (file?.bytes ?? 0) - size, areOurs };
  });

test('the script tag reads other storages with the file beside it, and this device without', async ({
  context,
}) => {
  const { page, scripts } = await open(context);
  expect(await readBack(page)).toEqual({ there: true, missed: 0, areOurs: [true, true] });
  expect([...scripts]).toContain('/extras.js');
  await context.route('**/extras.js', route => route.abort());
  await page.reload();
  const { code, kept } = await page.evaluate(async () => {
    const { tus, device } = (window as unknown as InPage).Steadyreel;
    const refused = await tus({ endpoint: '/storage' })
      .list()
      .catch((error: { code: string }) => error);
    return { code: (refused as { code: string }).code, kept: (await device().list()).length };
  });
  expect({ code, kept }).toEqual({ code: 'worker-failed', kept: 0 });
});
