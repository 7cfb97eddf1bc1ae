/** Chromium forgets who waits for a file to be opened when the garbage is collected in that moment: then nothing of a recording would be written any more. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@playwright/test';
import { bundlePage } from '../support/bundle.ts';
import { RawChromium } from '../support/raw-chromium.ts';

test('files are opened, whenever the garbage is collected', async ({ browserName: _ }, testInfo) => {
  const script = await bundlePage('test/e2e/pages/open.worker.ts');
  const page = `<!doctype html><script>
    const open = times => new Promise(resolve => {
      const worker = new Worker('/open.js');
      worker.onmessage = ({ data }) => resolve(data);
      worker.postMessage(times);
    });
  </script>`;
  const server = createServer(({ url }, answer) => {
    const isScript = url === '/open.js';
    answer.setHeader('Content-Type', isScript ? 'text/javascript' : 'text/html');
    answer.end(isScript ? script : page);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const browser = await RawChromium.launch(testInfo.outputPath('profile'), ['--js-flags=--expose-gc']);
  try {
    const { port } = server.address() as AddressInfo;
    const tab = await browser.open(`http://127.0.0.1:${port}/`);
    expect(await tab.evaluate('open(20)')).toBe(20);
  } finally {
    await browser.close();
    server.close();
  }
});
