/** `<steady-recorder>` as it comes, goes and stops: on a DOM that shows nothing, with workers that are made up. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { SteadyRecorderElement } from '../../src/element/element.ts';
import type { RecorderEvents } from '../../src/index.ts';
import {
  enterBrowser,
  type FakeTrack,
  recordingOf,
  rings,
  streamOf,
  trackOf,
  worker,
  workers,
} from './recorder-kit.ts';

/** Whether files that are loaded on demand are where they should be. */
const files = vi.hoisted(() => ({ there: true }));
vi.mock('../../src/load.ts', () => ({
  load: async (url: string) => {
    if (!files.there) throw new Error(`${url} is not there`);
    return url.includes('clip') ? import('../../src/dvr.ts') : import('../../src/auto/auto.ts');
  },
}));
/** There is nothing that was cut off. */
vi.mock('../../src/element/recovery.ts', () => ({
  Recovery: class {
    look(): void {}
    clear(): void {}
  },
}));

class FakeNode extends EventTarget {
  dataset = {};
  setAttribute(): void {}
  toggleAttribute(): void {}
  append(): void {}
}

class FakeElement extends FakeNode {
  isConnected = false;
  attributes: Record<string, string> = {};
  attachShadow = () => new FakeNode();
  getAttribute(name: string): string | null {
    return this.attributes[name] ?? null;
  }
  hasAttribute(name: string): boolean {
    return name in this.attributes;
  }
}

type Element = SteadyRecorderElement & FakeElement;

const newElement = async (attributes: Record<string, string> = {}): Promise<Element> => {
  const { SteadyRecorderElement } = await import('../../src/element/element.ts');
  return Object.assign(new SteadyRecorderElement() as Element, { attributes });
};

const put = (element: Element): void => {
  element.isConnected = true;
  element.connectedCallback();
};
const takeOut = async (element: Element): Promise<void> => {
  element.isConnected = false;
  element.disconnectedCallback();
  await undefined;
};

let captured: FakeTrack[];

beforeEach(() => {
  enterBrowser();
  captured = [];
  files.there = true;
  const getUserMedia = async () => {
    captured = [trackOf('video')];
    return streamOf(...captured);
  };
  vi.stubGlobal('navigator', { mediaDevices: { getUserMedia } });
  vi.stubGlobal('HTMLElement', FakeElement);
  vi.stubGlobal('document', Object.assign(new FakeNode(), { createElement: () => new FakeNode() }));
  vi.stubGlobal(
    'CSSStyleSheet',
    class {
      replaceSync(): void {}
    },
  );
});
afterEach(() => {
  for (const worker of workers) worker.say({ type: 'aborted' });
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Codes of the errors that it tells. */
const errorsOf = (element: Element): string[] => {
  const codes: string[] = [];
  element.addEventListener('error', event => {
    const { detail } = event as unknown as CustomEvent<RecorderEvents['error']>;
    codes.push(detail.error.code);
  });
  return codes;
};

/** What it records runs. */
const running = async (index: number, element: Element): Promise<void> => {
  await vi.waitFor(() => expect(workers).toHaveLength(index + 1));
  worker(index).say({ type: 'started' });
  await vi.waitFor(() => expect(element.state).toBe('recording'));
};

it('with autorecord, one that is taken out of the page and put back follows its stream again', async () => {
  const element = await newElement({ autorecord: '' });
  element.stream = streamOf(trackOf('video'));
  put(element);
  await running(0, element);
  await takeOut(element);
  expect(worker(0).heard).toEqual(['stop']);
  // Also when it comes back before all of it is stored, and more than once.
  for (const _ of [1, 2]) {
    put(element);
    await takeOut(element);
  }
  put(element);
  worker(0).say({ type: 'done', recording: recordingOf('first') });
  await running(1, element);
  await takeOut(element);
  worker(1).say({ type: 'done', recording: recordingOf('second') });
  await vi.waitFor(() => expect(element.state).toBe('stopped'));
  put(element);
  await running(2, element);
  // What the page has stopped stays so.
  const stopped = element.stop();
  worker(2).say({ type: 'done', recording: recordingOf('third') });
  await stopped;
  await takeOut(element);
  put(element);
  await vi.waitFor(() => expect(element.state).toBe('stopped'));
  expect(workers).toHaveLength(3);
});

it.each([
  ['after what may still be read', async () => void vi.advanceTimersByTime(3_000)],
  ['as soon as all is stored', async () => worker(0).say({ type: 'done', recording: recordingOf('one') })],
])('lets the camera go %s', async (_, come) => {
  const element = await newElement();
  put(element);
  void element.start();
  await running(0, element);
  vi.useFakeTimers();
  const stopped = element.stop();
  vi.advanceTimersByTime(2_900);
  expect(element.state).toBe('stopping');
  expect(captured[0]?.readyState).toBe('live');
  await come();
  expect(captured[0]?.readyState).toBe('ended');
  worker(0).say({ type: 'done', recording: recordingOf('one') });
  await stopped;
});

it('what is captured for the next recording is not let go with the one before', async () => {
  const element = await newElement();
  put(element);
  void element.start();
  await running(0, element);
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  const stopped = element.stop();
  worker(0).say({ type: 'done', recording: recordingOf('one') });
  await stopped;
  void element.start();
  for (let i = 0; i < 20; i++) await undefined;
  worker(1).say({ type: 'started' });
  vi.advanceTimersByTime(3_000);
  expect(element.state).toBe('recording');
  expect(captured[0]?.readyState).toBe('live');
});

it.each([{}, { autorecord: '' }])(
  'keeps one ring at most, and none out of the page: %o',
  async attributes => {
    const element = await newElement(attributes as Record<string, string>);
    element.options = { dvr: { seconds: 10 } };
    const kept = (): number => rings.filter(ring => !ring.heard.includes('abort')).length;
    element.stream = streamOf(trackOf('video'));
    put(element);
    for (const index of [0, 1, 2]) {
      void element.start();
      await running(index, element);
      expect(kept()).toBe(1);
      if (index < 2) void element.stop();
      else await takeOut(element);
      worker(index).say({ type: 'done', recording: recordingOf('one') });
      await vi.waitFor(() => expect(element.state).toBe('stopped'));
    }
    await vi.waitFor(() => expect(kept()).toBe(0));
    for (const ring of rings) ring.say({ type: 'aborted' });
  },
);

it('with autorecord, tells when it can not begin, and tries again at the button', async () => {
  const element = await newElement({ autorecord: '' });
  const errors = errorsOf(element);
  files.there = false;
  element.stream = streamOf(trackOf('video'));
  put(element);
  await vi.waitFor(() => expect(element.state).toBe('failed'));
  expect(errors).toHaveLength(1);
  files.there = true;
  void element.start();
  await running(0, element);
});

it('with autorecord, goes on trying where only a recording can not begin', async () => {
  const element = await newElement({ autorecord: '' });
  const errors = errorsOf(element);
  Reflect.deleteProperty(globalThis, 'VideoEncoder');
  element.stream = streamOf(trackOf('video'));
  put(element);
  await vi.waitFor(() => expect(errors).toEqual(['browser-unsupported']));
  expect(element.state).toBe('idle');
  enterBrowser();
  element.stream = streamOf(trackOf('video'));
  await running(0, element);
});

it('what the page stops while another stream waits for its turn stays so', async () => {
  const element = await newElement({ autorecord: '' });
  element.stream = streamOf(trackOf('video'));
  put(element);
  await running(0, element);
  await takeOut(element);
  put(element);
  const stopped = element.stop();
  worker(0).say({ type: 'done', recording: recordingOf('first') });
  await stopped;
  await takeOut(element);
  expect(element.state).toBe('stopped');
  expect(workers).toHaveLength(1);
});

it('what the page has thrown away is no error of what comes after it', async () => {
  const element = await newElement();
  const errors = errorsOf(element);
  put(element);
  void element.start();
  await running(0, element);
  const aborted = element.abort();
  worker(0).say({ type: 'aborted' });
  await aborted;
  expect(await element.stop()).toBe(undefined);
  await takeOut(element);
  expect(errors).toEqual([]);
});
