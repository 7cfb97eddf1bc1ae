/** The package as users take it up: by Vite, by webpack, by a script tag, and under a content security policy. */
import { join } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { createServer as createViteServer, build as viteBuild } from 'vite';
import webpack from 'webpack';
import {
  DIST,
  html,
  MODULE_PAGE,
  makeFolder,
  makeProject,
  type PageResult,
  removeFolder,
  SCRIPT_PAGE,
  serveFolders,
} from './consumers-kit.ts';

declare global {
  interface Window {
    result: Promise<PageResult>;
  }
}

const resultOf = async (page: Page, url: string): Promise<PageResult> => {
  await page.goto(url);
  await page.waitForFunction(() => 'result' in window);
  return page.evaluate(() => window.result);
};

/** Opens the page and expects it to have recorded one whole file. */
const expectRecording = async (page: Page, url: string, audio: string): Promise<void> => {
  const { error, files = [] } = await resultOf(page, url);
  expect(error).toBeUndefined();
  expect(files).toHaveLength(1);
  const [file] = files;
  expect(file?.sha256).toMatch(/^[0-9a-f]{64}$/);
  expect(file?.stored).toBe(file?.sha256);
  expect(file?.duration).toBeGreaterThanOrEqual(1);
  expect(file?.frames).toBeGreaterThan(10);
  expect(file?.video).toMatch(/^avc1\./);
  expect(file?.audio).toBe(audio);
};

/** Where there is no AAC encoder in the browser, asking for AAC loads `aac-encoder.js`, which must be found too. */
const expectBothCodecs = async (page: Page, url: string): Promise<void> => {
  await expectRecording(page, url, 'opus');
  await expectRecording(page, `${url}?audio=aac`, 'mp4a.40.2');
};

const moduleProject = (script: string): string =>
  makeProject({ 'index.html': html(script), 'main.js': MODULE_PAGE });

test('Vite serves it in development', async ({ page }) => {
  const root = moduleProject('<script type="module" src="/main.js"></script>');
  const server = await createViteServer({ root, configFile: false, logLevel: 'error' });
  try {
    await server.listen();
    await expectBothCodecs(page, server.resolvedUrls?.local[0] ?? '');
  } finally {
    await server.close();
    removeFolder(root);
  }
});

test('Vite builds it', async ({ page }) => {
  const root = moduleProject('<script type="module" src="/main.js"></script>');
  await viteBuild({ root, configFile: false, logLevel: 'error' });
  const server = await serveFolders([join(root, 'dist')]);
  try {
    await expectBothCodecs(page, server.url);
  } finally {
    await server.close();
    removeFolder(root);
  }
});

const runWebpack = (context: string): Promise<string[]> =>
  new Promise((resolve, reject) => {
    webpack(
      { mode: 'production', context, entry: './main.js', output: { path: join(context, 'out') } },
      (error, stats) => {
        if (error !== null) return reject(error);
        resolve((stats?.compilation.errors ?? []).map(({ message }) => message));
      },
    );
  });

test('webpack builds it', async ({ page }) => {
  const root = moduleProject('<script src="/main.js"></script>');
  expect(await runWebpack(root)).toEqual([]);
  const server = await serveFolders([join(root, 'out'), root]);
  try {
    await expectBothCodecs(page, server.url);
  } finally {
    await server.close();
    removeFolder(root);
  }
});

test('a script tag takes it from another origin', async ({ page, baseURL }) => {
  const script = `<script src="${baseURL}/steadyreel.iife.js"></script>`;
  const folder = makeFolder({
    'index.html': html(script, '<script src="/page.js"></script>'),
    'page.js': SCRIPT_PAGE,
  });
  const server = await serveFolders([folder]);
  try {
    expect(new URL(server.url).origin).not.toBe(baseURL);
    await expectBothCodecs(page, server.url);
  } finally {
    await server.close();
    removeFolder(folder);
  }
});

test.describe('under a content security policy that forbids blob workers', () => {
  let folder: string;
  let server: Awaited<ReturnType<typeof serveFolders>>;

  test.beforeAll(async () => {
    folder = makeFolder({
      'index.html': html('<script src="/steadyreel.iife.js"></script>', '<script src="/page.js"></script>'),
      'page.js': SCRIPT_PAGE,
    });
    server = await serveFolders([folder, DIST], {
      'Content-Security-Policy': "script-src 'self'; worker-src 'self'",
    });
  });

  test.afterAll(async () => {
    await server.close();
    removeFolder(folder);
  });

  test('it records with workerUrl', async ({ page }) => {
    await expectRecording(page, `${server.url}?worker=/worker.js`, 'opus');
  });

  test('without workerUrl it says what to do', async ({ page }) => {
    const { error } = await resultOf(page, server.url);
    expect(error?.code).toBe('worker-failed');
    expect(error?.message).toContain('workerUrl');
  });
});
