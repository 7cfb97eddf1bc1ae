/** What recordings hear of a tap, over real message ports. */
import { afterEach, describe, expect, test } from 'vitest';
import type { DecoderLook, FromTap, ToTap } from '../../src/encoded.ts';
import { Control } from '../../src/tap/control.ts';
import { MOST_UNTAKEN } from '../../src/tap/credit.ts';
import type { RtcFrame, RtcFrameMetadata } from '../../src/tap/encoded-transform.ts';
import { feedFrames } from '../../src/tap/feed.ts';
import { Outlet } from '../../src/tap/outlet.ts';

const frame = (bytes: number, value = 7, metadata: RtcFrameMetadata = {}): RtcFrame => ({
  data: new Uint8Array(bytes).fill(value).buffer,
  type: 'delta',
  getMetadata: () => ({ rtpTimestamp: 1, mimeType: 'video/VP8', ...metadata }),
});

/** Listens like a recording that takes nothing by itself. */
class Recording {
  readonly heard: FromTap[] = [];
  constructor(readonly port: MessagePort) {
    port.onmessage = ({ data }: MessageEvent<FromTap[]>) => this.heard.push(...data);
    ports.push(port);
  }
  send(message: ToTap): void {
    this.port.postMessage(message);
  }
  get types(): string[] {
    return this.heard.map(message =>
      message.type === 'overflow' ? `overflow ${message.frames}` : message.type,
    );
  }
}

let ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports) port.close();
  ports = [];
});

const setUp = () => {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  let asked = 0;
  let takenOver = 0;
  let seen: DecoderLook = { at: 1, shown: [7], losses: 2, dropped: 0 };
  const control = new Control(port1, { keyFrame: () => takenOver++, look: async () => seen });
  const outlet = new Outlet(port2, () => asked++);
  return {
    control,
    outlet,
    asked: () => asked,
    takenOver: () => takenOver,
    show: (look: DecoderLook) => void (seen = look),
    /** A recording that the outlet knows of already. */
    listen: async (): Promise<Recording> => {
      const recording = new Recording(control.open());
      // Answered after the port before it has come.
      await control.seen();
      return recording;
    },
  };
};

const hand = (outlet: Outlet, ...frames: RtcFrame[]): void => {
  for (const one of frames) outlet.take(one)?.();
};

test('nothing is copied while nobody listens, but frames are counted', async () => {
  const { outlet, control } = setUp();
  const unread: RtcFrame = {
    get data(): ArrayBuffer {
      throw new Error('read');
    },
    getMetadata: () => ({ mimeType: 'audio/opus' }),
  };
  expect(await control.seen()).toEqual({ frames: 0 });
  const before = Math.round((performance.timeOrigin + performance.now()) * 1_000);
  expect(outlet.take(unread)).toBeUndefined();
  expect(outlet.take(unread)).toBeUndefined();
  const seen = await control.seen();
  expect(seen).toMatchObject({ frames: 2, mimeType: 'audio/opus' });
  expect(seen.lastArrival).toBeGreaterThanOrEqual(before);
  expect(seen.lastArrival).toBeLessThan(before + 1_000_000);
});

test('each recording gets a copy of its own, of which the frame knows nothing', async () => {
  const { outlet, listen } = setUp();
  const [first, second] = [await listen(), await listen()];
  const one = frame(10, 9, { frameId: 3, dependencies: [2] });
  const handOver = outlet.take(one);
  // Going on detaches the frame's data in Chromium.
  structuredClone(one.data, { transfer: [one.data] });
  handOver?.();
  await expect.poll(() => second.heard.length).toBe(1);
  for (const { heard } of [first, second]) {
    expect(heard).toMatchObject([
      { type: 'frame', frame: { type: 'delta', rtpTimestamp: 1, frameId: 3, dependencies: [2] } },
    ]);
    const [message] = heard;
    expect(message?.type === 'frame' && [...new Uint8Array(message.frame.data)]).toEqual(Array(10).fill(9));
  }
});

test('a recording may have frames less often, and at once when it wants them more often again', async () => {
  const { outlet, listen, control } = setUp();
  const [slow, usual] = [await listen(), await listen()];
  slow.send({ type: 'pace', every: 3_600_000 });
  await control.seen();
  hand(outlet, frame(1), frame(2));
  await expect.poll(() => usual.types).toEqual(['frame', 'frame']);
  expect(slow.types).toEqual([]);
  slow.send({ type: 'pace', every: 50 });
  await expect.poll(() => slow.types).toEqual(['frame', 'frame']);
});

test('pictures without data are not handed over; sound is, for its number', async () => {
  const { outlet, listen, control } = setUp();
  const recording = await listen();
  hand(outlet, frame(0), frame(1));
  await expect.poll(() => recording.types).toEqual(['frame']);
  expect((await control.seen()).frames).toBe(2);
  const metadata = { rtpTimestamp: 960, mimeType: 'audio/opus', sequenceNumber: 9 };
  hand(outlet, { data: new ArrayBuffer(0), getMetadata: () => metadata });
  await expect.poll(() => recording.heard[1]).toMatchObject({ type: 'frame', frame: { sequenceNumber: 9 } });
});

test('what a recording does not take is bounded, and it hears how much it has missed', async () => {
  const { outlet, listen, control } = setUp();
  const [slow, quick] = [await listen(), await listen()];
  const quarter = MOST_UNTAKEN / 4;
  hand(outlet, frame(quarter), frame(quarter), frame(quarter), frame(quarter));
  quick.send({ type: 'taken', bytes: MOST_UNTAKEN });
  await control.seen();
  hand(outlet, frame(quarter), frame(1));
  await expect.poll(() => quick.types).toEqual(Array(6).fill('frame'));
  expect(slow.types).toEqual(Array(4).fill('frame'));
  slow.send({ type: 'taken', bytes: quarter });
  await expect.poll(() => slow.types.slice(4)).toEqual(['overflow 2']);
  // There is room for a quarter, and not for one byte more.
  hand(outlet, frame(1), frame(quarter), frame(quarter - 1), frame(1));
  slow.send({ type: 'taken', bytes: 1 });
  // Told before the next frame, and once.
  await expect.poll(() => slow.types.slice(5)).toEqual(['frame', 'overflow 1', 'frame', 'overflow 1']);
});

test('frames are handed over together, in order, and what the decoder has shown after them', async () => {
  const { outlet, listen } = setUp();
  const recording = await listen();
  const messages: FromTap[][] = [];
  recording.port.addEventListener('message', ({ data }) => messages.push(data));
  hand(outlet, frame(1), frame(2), frame(3));
  recording.send({ type: 'look' });
  await expect.poll(() => recording.types).toEqual(['frame', 'frame', 'frame', 'look']);
  expect(messages.length).toBeLessThan(3);
  hand(outlet, frame(4));
  // Without anything else that would make it.
  await expect.poll(() => recording.types.at(-1)).toBe('frame');
});

test('what was missed is told at the end, too', async () => {
  const { outlet, listen } = setUp();
  const recording = await listen();
  hand(outlet, frame(MOST_UNTAKEN), frame(1));
  outlet.end();
  outlet.end();
  await expect.poll(() => recording.types).toEqual(['frame', 'overflow 1', 'ended']);
});

test('when nobody has room, frames are not copied', async () => {
  const { outlet, listen } = setUp();
  await listen();
  hand(outlet, frame(MOST_UNTAKEN));
  expect(outlet.take(frame(1))).toBeUndefined();
});

test('a recording that closes, or whose thread is gone, gets nothing more, and nobody else notices', async () => {
  const { outlet, listen } = setUp();
  const [polite, gone, stays] = [await listen(), await listen(), await listen()];
  polite.send({ type: 'close' });
  gone.port.close();
  // The outlet has nobody left once the last one goes, too.
  hand(outlet, frame(1));
  await expect.poll(() => stays.types).toEqual(['frame']);
  await new Promise(resolve => setTimeout(resolve));
  hand(outlet, frame(1));
  await expect.poll(() => stays.types).toEqual(['frame', 'frame']);
  stays.send({ type: 'close' });
  await expect.poll(() => outlet.take(frame(1))).toBeUndefined();
  expect(polite.types.slice(-1)).toEqual(['ended']);
  expect(polite.heard.length).toBeLessThan(3);
});

test('a recording that closes gets what has come, and hears that it was all', async () => {
  const { outlet, listen, control } = setUp();
  const recording = await listen();
  recording.send({ type: 'pace', every: 3_600_000 });
  await control.seen();
  hand(outlet, frame(1), frame(2));
  recording.send({ type: 'close' });
  await expect.poll(() => recording.types).toEqual(['frame', 'frame', 'ended']);
});

test('a frame that can not be read, or one that can not be handed over, stops nothing', async () => {
  const { outlet, listen } = setUp();
  const recording = await listen();
  const broken: RtcFrame = {
    data: new ArrayBuffer(4),
    getMetadata: () => {
      throw new Error('gone on already');
    },
  };
  expect(outlet.take(broken)).toBeUndefined();
  const odd = frame(4, 1, { dependencies: [(() => 0) as unknown as number], frameId: 1 });
  expect(() => outlet.take(odd)?.()).not.toThrow();
  hand(outlet, frame(4));
  outlet.end();
  // What is handed over together is missed together, and told.
  await expect.poll(() => recording.types).toEqual(['overflow 2', 'ended']);
});

test('whoever listens after the end hears of it at once', async () => {
  const { outlet, control, listen } = setUp();
  const before = await listen();
  outlet.end();
  const after = await listen();
  await expect.poll(() => [before.types, after.types]).toEqual([['ended'], ['ended']]);
  // Also when the page has ended it, and the outlet is let go.
  control.end();
  control.end();
  const last = new Recording(control.open());
  await expect.poll(() => last.types).toEqual(['ended']);
});

test('the page ends it', async () => {
  const { outlet, control, listen } = setUp();
  const recording = await listen();
  control.end();
  await expect.poll(() => recording.types).toEqual(['ended']);
  expect(outlet.take(frame(1))).toBeUndefined();
});

test('key frames are asked for at once, however many recordings ask', async () => {
  const { asked, listen } = setUp();
  const [first, second] = [await listen(), await listen()];
  first.send({ type: 'key-frame' });
  second.send({ type: 'key-frame' });
  await expect.poll(asked).toBe(1);
  // The second one may have asked after the key frame came.
  await expect.poll(asked).toBe(2);
});

test('how far the decoder has come is asked of the page, and told to all', async () => {
  const { show, listen } = setUp();
  const [recording, other] = [await listen(), await listen()];
  recording.send({ type: 'look' });
  const first = { type: 'look', look: { at: 1, shown: [7], losses: 2, dropped: 0 } };
  await expect.poll(() => recording.heard).toEqual([first]);
  await expect.poll(() => other.heard).toEqual([first]);
  const look = { at: 5, shown: [9, 4], losses: 3, dropped: 1 };
  show(look);
  recording.send({ type: 'look' });
  await expect.poll(() => recording.heard[1]).toEqual({ type: 'look', look });
});

describe('feedFrames', () => {
  test('hands over frames and asks the page for key frames, whatever that throws', async () => {
    const { port1, port2 } = new MessageChannel();
    ports.push(port1, port2);
    const control = new Control(port1);
    let asked = 0;
    const onKeyFrameRequest = (): void => {
      asked++;
      throw new Error('not now');
    };
    const handFrame = feedFrames(port2, { onKeyFrameRequest });
    const recording = new Recording(control.open());
    await control.seen();
    handFrame(frame(3) as RTCEncodedVideoFrame);
    await expect.poll(() => recording.types).toEqual(['frame']);
    recording.send({ type: 'key-frame' });
    await expect.poll(() => asked).toBe(1);
  });
});
