/** What becomes of a call whose taps' worker can't be loaded: with a browser's workers made up. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

class FakeWorker extends EventTarget {
  static made: FakeWorker[] = [];
  constructor(readonly url: string | URL) {
    super();
    FakeWorker.made.push(this);
  }
}

class FakeTransform {
  constructor(readonly worker: FakeWorker) {}
}

class FakeReceiver {
  transform: FakeTransform | null = null;
  readonly track = Object.assign(new EventTarget(), { kind: 'video', readyState: 'live' });
}

beforeEach(() => {
  FakeWorker.made = [];
  // A page has one worker for all taps.
  vi.resetModules();
  vi.stubGlobal('Worker', FakeWorker);
  vi.stubGlobal('RTCRtpScriptTransform', FakeTransform);
  vi.stubGlobal('RTCRtpReceiver', FakeReceiver);
  vi.stubGlobal('RTCRtpSender', class {});
});
afterEach(() => vi.unstubAllGlobals());

const tapped = async (): Promise<FakeReceiver> => {
  const { tapOf } = await import('../../src/tap/taps.ts');
  const receiver = new FakeReceiver();
  tapOf(receiver as unknown as RTCRtpReceiver, '/tap.js');
  return receiver;
};

const failing = (worker: FakeWorker | undefined): void => void worker?.dispatchEvent(new Event('error'));

test('its frames pass another worker; where that is forbidden too, none', async () => {
  const receiver = await tapped();
  const [first] = FakeWorker.made;
  expect(receiver.transform?.worker).toBe(first);
  failing(first);
  const [, passing] = FakeWorker.made;
  expect(String(passing?.url)).toMatch(/^blob:/);
  expect(receiver.transform?.worker).toBe(passing);
  // A content security policy forbids it, which newer browsers tell by this event: Firefox lets media through without.
  failing(passing);
  expect(receiver.transform).toBeNull();
});

test('a worker that has said that it runs is relied on, whatever comes later', async () => {
  const { READY } = await import('../../src/tap/protocol.ts');
  const receiver = await tapped();
  const [first] = FakeWorker.made;
  first?.dispatchEvent(new MessageEvent('message', { data: READY }));
  failing(first);
  expect(receiver.transform?.worker).toBe(first);
  expect(FakeWorker.made).toHaveLength(1);
});
