/** `<steady-recorder>` in pages of its users, with the script-tag build. */
import { expect, type Page, test } from '@playwright/test';

type Steady = typeof import('../../src/element/dropin.ts');
type Element = InstanceType<Steady['SteadyRecorderElement']>;

declare global {
  interface Window {
    /** Names of the element's events, in their order. */
    heard: string[];
    /** What nobody caught. */
    uncaught: string[];
    makeStream(width: number): MediaStream;
    made: MediaStream[];
    element: Element;
  }
}

/** Runs in the page before its own scripts. */
const prepare = (): void => {
  window.heard = [];
  window.uncaught = [];
  window.made = [];
  addEventListener('unhandledrejection', event => window.uncaught.push(String(event.reason)));
  addEventListener('error', event => {
    if (event instanceof ErrorEvent) window.uncaught.push(event.message);
  });
  window.makeStream = width => {
    const canvas = Object.assign(document.createElement('canvas'), { width, height: 180 });
    const context = canvas.getContext('2d');
    let frame = 0;
    setInterval(() => {
      if (!context) return;
      context.fillStyle = `hsl(${frame++ % 360} 80% 50%)`;
      context.fillRect(0, 0, width, 180);
    }, 33);
    const stream = canvas.captureStream(30);
    window.made.push(stream);
    return stream;
  };
};

/** A page with this body, on the server's own origin. */
const open = async (page: Page, body: string, headers: Record<string, string> = {}): Promise<void> => {
  await page.addInitScript(prepare);
  await page.route('**/element-test.html', route =>
    route.fulfill({ contentType: 'text/html', headers, body: `<!doctype html><title>test</title>${body}` }),
  );
  await page.goto('/element-test.html');
  await page.evaluate(() => {
    const found = document.querySelector('steady-recorder');
    if (found) window.element = found;
  });
};

const SCRIPT = '<script src="/steadyreel.iife.js"></script>';
const DEVICE = '<steady-recorder storage="device"></steady-recorder>';

const stateOf = (page: Page): Promise<string> => page.evaluate(() => window.element.state);

const recordedFor = (page: Page, seconds: number): Promise<unknown> =>
  page.waitForFunction(least => (window.element.recorder?.stats.duration ?? 0) >= least, seconds);

test.afterEach(async ({ page }) => {
  expect(await page.evaluate(() => window.uncaught)).toEqual([]);
});

test('captures the camera by itself, tells by events, and lets the camera go', async ({ page }) => {
  await open(page, DEVICE + SCRIPT);
  await page.evaluate(() => {
    const { getUserMedia } = MediaDevices.prototype;
    MediaDevices.prototype.getUserMedia = async function (constraints) {
      const stream = await getUserMedia.call(this, constraints);
      window.made.push(stream);
      return stream;
    };
    for (const name of ['state', 'file', 'progress', 'recording', 'warning', 'error']) {
      window.element.addEventListener(name, () => window.heard.push(name));
    }
    document.addEventListener('recording', () => window.heard.push('recording in the document'));
    document.addEventListener('progress', () => window.heard.push('progress in the document'), false);
  });
  await expect(page.getByRole('status')).toHaveText('Ready');
  await page.getByRole('button', { name: 'Record' }).click();
  await expect(page.getByRole('status')).toHaveText('Recording');
  await recordedFor(page, 1);
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(page.getByRole('status')).toHaveText('Stopped');
  await expect(page.getByRole('button', { name: 'Record' })).toBeFocused();
  const heard = await page.evaluate(() => window.heard);
  for (const name of ['state', 'file', 'progress', 'recording', 'recording in the document']) {
    expect(heard).toContain(name);
  }
  expect(heard).not.toContain('error');
  expect(heard).not.toContain('progress in the document');
  const tracks = await page.evaluate(() => window.made.flatMap(s => s.getTracks().map(t => t.readyState)));
  expect(tracks).toEqual(['ended', 'ended']);
});

test('records by itself a stream that was set before the element was defined', async ({ page }) => {
  await open(page, '<steady-recorder storage="device" auto-record codec="vp9"></steady-recorder>');
  await page.evaluate(() => {
    const early = document.querySelector('steady-recorder');
    if (!early) throw new Error('no element');
    early.options = { metadata: { title: 'early' } };
    early.stream = window.makeStream(320);
  });
  await page.addScriptTag({ url: '/steadyreel.iife.js' });
  await expect(page.getByRole('status')).toHaveText('Recording');
  await recordedFor(page, 1);
  const recording = await page.evaluate(() => window.element.stop());
  expect(recording?.metadata).toEqual({ title: 'early' });
  expect(recording?.files[0]?.video?.codec).toMatch(/^vp09/);
  // The stream is the page's: the element must not end it.
  expect(await page.evaluate(() => window.made[0]?.getTracks()[0]?.readyState)).toBe('live');
});

test('a new stream while recording: first the old recording is finished', async ({ page }) => {
  await open(page, `<steady-recorder storage="device" autorecord></steady-recorder>${SCRIPT}`);
  await page.evaluate(() => {
    window.element.stream = window.makeStream(320);
  });
  await recordedFor(page, 1);
  const first = await page.evaluate(() => {
    const { recorder } = window.element;
    window.element.stream = window.makeStream(480);
    return recorder?.stop();
  });
  expect(first?.state).toBe('complete');
  expect(first?.files.map(file => file.video?.codedWidth)).toEqual([320]);
  await page.waitForFunction(id => window.element.recorder?.recording?.id !== id, first?.id);
  await recordedFor(page, 0.5);
  const second = await page.evaluate(() => window.element.stop());
  expect(second?.files.map(file => file.video?.codedWidth)).toEqual([480]);
});

test('with autorecord, recordings begin and end as the stream comes and goes, until it is stopped', async ({
  page,
}) => {
  await open(page, `<steady-recorder storage="device" autorecord></steady-recorder>${SCRIPT}`);
  await page.evaluate(() => {
    for (const name of ['recording-started', 'recording-finished', 'recording-discarded'] as const)
      window.element.addEventListener(name, () => window.heard.push(name));
    window.element.options = { minDuration: 0.5 };
    window.element.stream = new MediaStream();
  });
  const heard = (): Promise<string[]> => page.evaluate(() => window.heard);
  for (const times of [1, 2]) {
    await page.evaluate(() => {
      const [track] = window.makeStream(320).getTracks();
      if (track) window.element.stream?.addTrack(track);
    });
    await expect.poll(async () => (await heard()).length).toBe(2 * times - 1);
    await recordedFor(page, 1);
    await page.evaluate(() => window.made.at(-1)?.getTracks()[0]?.stop());
    await expect.poll(heard).toEqual(Array(times).fill(['recording-started', 'recording-finished']).flat());
    await expect(page.getByRole('status')).toHaveText('Stopped');
  }
  await page.evaluate(() => {
    window.element.stream = window.makeStream(320);
  });
  await expect.poll(async () => (await heard()).length).toBe(5);
  await recordedFor(page, 1);
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect.poll(async () => (await heard()).length).toBe(6);
  expect(await stateOf(page)).toBe('stopped');
  // Only the button begins anew.
  await page.getByRole('button', { name: 'Record' }).click();
  await expect.poll(async () => (await heard()).length).toBe(7);
});

test('taken out of the page, it finishes the recording; only moved, it goes on', async ({ page }) => {
  await open(page, `<main></main>${DEVICE}${SCRIPT}`);
  await page.evaluate(() => {
    window.element.stream = window.makeStream(320);
    return window.element.start();
  });
  await page.evaluate(() => document.querySelector('main')?.append(window.element));
  await recordedFor(page, 1);
  expect(await stateOf(page)).toBe('recording');
  await page.evaluate(() => window.element.remove());
  await expect.poll(() => stateOf(page)).toBe('stopped');
  expect(await page.evaluate(() => window.element.recorder?.recording?.state)).toBe('complete');
});

test('abort throws the recording away', async ({ page }) => {
  await open(page, DEVICE + SCRIPT);
  await page.evaluate(async () => {
    window.element.stream = window.makeStream(320);
    await window.element.start();
  });
  await recordedFor(page, 0.5);
  const left = await page.evaluate(async () => {
    await window.element.abort();
    const { Steadyreel } = window as unknown as { Steadyreel: Steady };
    return Steadyreel.listRecordings(Steadyreel.device());
  });
  expect(left).toEqual([]);
});

for (const [what, attributes, code, text] of [
  ['no endpoint', 'storage="tus"', 'option-invalid', 'endpoint'],
  ['an unknown storage', 'storage="tape"', 'option-invalid', 'tape'],
  ['an unknown codec', 'storage="device" codec="divx"', 'option-invalid', 'divx'],
  ['an unknown source', 'storage="device" source="radio"', 'option-invalid', 'radio'],
  ['a refused camera', 'storage="device"', 'capture-denied', 'not shared with this page'],
] as const) {
  test(`${what} becomes an event and a text, and it can be tried again`, async ({ page }) => {
    await open(page, `<steady-recorder ${attributes}></steady-recorder>${SCRIPT}`);
    const codes = await page.evaluate(async () => {
      const denied = new DOMException('no', 'NotAllowedError');
      MediaDevices.prototype.getUserMedia = () => Promise.reject(denied);
      const errors: string[] = [];
      window.element.addEventListener('error', event => {
        errors.push((event as unknown as CustomEvent<{ error: { code: string } }>).detail.error.code);
      });
      await window.element.start();
      await window.element.stop();
      return errors;
    });
    expect(codes).toEqual([code]);
    await expect(page.getByRole('alert')).toContainText(text);
    await page.evaluate(() => {
      window.element.setAttribute('storage', 'device');
      window.element.removeAttribute('codec');
      window.element.stream = window.makeStream(320);
      return window.element.start();
    });
    await expect(page.getByRole('status')).toHaveText('Recording');
    await expect(page.getByRole('alert')).toBeHidden();
    await recordedFor(page, 0.3);
    expect((await page.evaluate(() => window.element.stop()))?.state).toBe('complete');
  });
}

test('a stream that has ended is told of once', async ({ page }) => {
  await open(page, DEVICE + SCRIPT);
  const codes = await page.evaluate(async () => {
    const errors: string[] = [];
    window.element.addEventListener('error', event => {
      errors.push((event as unknown as CustomEvent<{ error: { code: string } }>).detail.error.code);
    });
    const stream = window.makeStream(320);
    for (const track of stream.getTracks()) track.stop();
    window.element.stream = stream;
    await window.element.start();
    return errors;
  });
  expect(codes).toEqual(['source-ended']);
  await expect(page.getByRole('alert')).toContainText('have ended');
  await expect(page.getByRole('status')).toHaveText('Failed');
});

test('a stop while permission is asked for overtakes the start', async ({ page }) => {
  await open(page, DEVICE + SCRIPT);
  const after = await page.evaluate(async () => {
    let allow: (stream: MediaStream) => void = () => undefined;
    const asked = new Promise<MediaStream>(resolve => {
      allow = resolve;
    });
    MediaDevices.prototype.getUserMedia = () => asked;
    const started = window.element.start();
    const stateWhileAsked = window.element.state;
    await window.element.stop();
    const late = window.makeStream(320);
    allow(late);
    await started;
    return [stateWhileAsked, window.element.state, late.getTracks()[0]?.readyState];
  });
  expect(after).toEqual(['starting', 'idle', 'ended']);
});

test('works under a strict content security policy', async ({ page }) => {
  const complaints: string[] = [];
  page.on('console', message => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  await open(page, `<steady-recorder storage="device" worker-url="/worker.js"></steady-recorder>${SCRIPT}`, {
    'Content-Security-Policy': "default-src 'self'; worker-src 'self'; style-src 'self'; img-src data:",
  });
  await page.getByRole('button', { name: 'Record' }).click();
  await expect(page.getByRole('status')).toHaveText('Recording');
  await recordedFor(page, 0.5);
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(page.getByRole('status')).toHaveText('Stopped');
  // Its styles are there: without them the button would have the browser's square corners.
  const radius = await page
    .getByRole('button', { name: 'Record' })
    .evaluate(button => Number.parseFloat(getComputedStyle(button).borderTopLeftRadius));
  expect(radius).toBeGreaterThan(20);
  expect(complaints).toEqual([]);
});
