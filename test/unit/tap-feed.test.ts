/** Frames that a page hands over from a transform of its own: the feed, and the example that docs/calls.md gives. */
import { readFile } from 'node:fs/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { EncodedInput, FromTap, ToTap } from '../../src/encoded.ts';
import { openTap } from '../../src/tap/asks.ts';
import type { RtcFrame } from '../../src/tap/encoded-transform.ts';
import { feedFrames } from '../../src/tap/feed.ts';
import { FrameFeed } from '../../src/tap/frame-feed.ts';

const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
  vi.unstubAllGlobals();
});

/** Listens like a recording. */
const listen = ({ port }: EncodedInput) => {
  const heard: FromTap[] = [];
  port.onmessage = ({ data }: MessageEvent<FromTap[]>) => heard.push(...data);
  ports.push(port);
  return { heard, send: (message: ToTap) => port.postMessage(message) };
};

const track = (readyState: 'live' | 'ended' = 'live') =>
  Object.assign(new EventTarget(), { kind: 'video', readyState });

/** As much of a receiver as is looked at. */
const receiver = () => ({
  track: track(),
  transform: null as unknown,
  getSynchronizationSources: () => [{ rtpTimestamp: 7 }],
  getStats: async () =>
    new Map([['one', { type: 'inbound-rtp', packetsLost: 2, nackCount: 1, framesDropped: 3 }]]),
});

const frame = (bytes: readonly number[]): RtcFrame => ({
  data: Uint8Array.from(bytes).buffer,
  type: 'delta',
  getMetadata: () => ({ rtpTimestamp: 1, mimeType: 'video/VP8' }),
});

describe('a feed', () => {
  test('of a receiver looks at its decoder; one without has nobody who looks', async () => {
    vi.stubGlobal('RTCRtpSender', class {});
    const feed = new FrameFeed({ kind: 'video', side: 'receiver', receiver: receiver() as never });
    ports.push(feed.port);
    feedFrames(feed.port);
    const input = openTap(feed);
    expect(input).toMatchObject({ side: 'receiver', looks: true, fed: true });
    const { heard, send } = listen(input);
    send({ type: 'look' });
    await expect
      .poll(() => heard)
      .toMatchObject([{ type: 'look', look: { shown: [7], losses: 3, dropped: 3 } }]);
    const blind = openTap(new FrameFeed({ kind: 'video', side: 'receiver' }));
    ports.push(blind.port);
    expect(blind).toMatchObject({ looks: false, fed: true });
    feed.end();
  });

  test('is over when the page has stopped its track, which fires no event', async () => {
    const own = receiver();
    const feed = new FrameFeed({ kind: 'video', side: 'receiver', receiver: own as never });
    feedFrames(feed.port);
    const { heard } = listen(feed.open());
    expect(feed.ended).toBe(false);
    own.track.readyState = 'ended';
    expect(feed.ended).toBe(true);
    await expect.poll(() => heard).toEqual([{ type: 'ended' }]);
    expect(new FrameFeed({ kind: 'video', side: 'receiver', track: track('ended') as never }).ended).toBe(
      true,
    );
  });
});

/** The blocks of code of the section on end-to-end encryption, without what they import. */
const example = async (): Promise<string[]> => {
  const docs = await readFile(new URL('../../docs/calls.md', import.meta.url), 'utf8');
  const section = docs.split('## End-to-end encryption')[1]?.split('\n## ')[0] ?? '';
  return [...section.matchAll(/```js\n(.*?)```/gs)].map(([, code = '']) => code.replace(/^import .*$/gm, ''));
};

test('the example of the documentation feeds decrypted frames', async () => {
  const [page = '', worker = ''] = await example();
  // Modules are strict: what is not declared can't be assigned to.
  const run = (code: string): Promise<unknown> => import(`data:text/javascript,${encodeURIComponent(code)}`);
  const went: number[][] = [];
  let keyFrames = 0;
  const [first, second] = [frame([1, 2]), frame([3])];
  const connection = new EventTarget();
  const tapped: unknown[] = [];
  const recorded: FrameFeed[] = [];
  const scope = {
    ...{ FrameFeed, feedFrames, connection, worker: 'worker', storage: {}, recorder: undefined },
    tap: (one: unknown) => tapped.push(one),
    Recorder: class {
      constructor([feed]: [FrameFeed]) {
        recorded.push(feed);
      }
    },
    onrtctransform: undefined as ((event: { transformer: unknown }) => void) | undefined,
    decrypt: ({ data }: RtcFrame) => {
      const bytes = new Uint8Array(data);
      bytes.forEach((byte, i) => {
        bytes[i] = byte + 100;
      });
    },
    RTCRtpScriptTransform: class {
      constructor(
        readonly of: string,
        readonly options: unknown,
        readonly transfer: unknown[],
      ) {}
    },
  };
  for (const [name, value] of Object.entries(scope)) vi.stubGlobal(name, value);
  await run(worker);
  await run(page);
  const own = receiver();
  connection.dispatchEvent(Object.assign(new Event('track'), { receiver: own, track: own.track }));
  const [feed] = recorded;
  if (!feed) throw new Error('Nothing is recorded.');
  const transform = own.transform as { options: { feed: MessagePort }; transfer: unknown[] };
  expect([tapped, transform.transfer]).toEqual([[connection], [feed.port]]);
  let hand: ReadableStreamDefaultController<RtcFrame> | undefined;
  const readable = new ReadableStream<RtcFrame>({ start: controller => void (hand = controller) });
  const writable = new WritableStream<RtcFrame>({
    write: ({ data }) => void went.push([...new Uint8Array(data)]),
  });
  const transformer = {
    options: transform.options,
    readable,
    writable,
    sendKeyFrameRequest: () => keyFrames++,
  };
  (globalThis as unknown as typeof scope).onrtctransform?.({ transformer });
  const { heard, send } = listen(feed.open());
  await feed.seen();
  for (const one of [first, second]) hand?.enqueue(one);
  await expect.poll(() => went).toEqual([[101, 102], [103]]);
  await expect.poll(() => heard.length).toBe(2);
  expect(heard.map(one => one.type === 'frame' && [...new Uint8Array(one.frame.data)])).toEqual(went);
  send({ type: 'key-frame' });
  await expect.poll(() => keyFrames).toBe(1);
  feed.end();
});
