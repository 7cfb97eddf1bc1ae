/** What a recording takes of a call, and when it refuses: with a browser's receivers and senders made up. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Call, type CallPage, type CallPart, type CallPlaces, type GivenCall } from '../../src/call.ts';
import { CallSource } from '../../src/call-source.ts';
import {
  PassthroughUnavailableError,
  SourceEndedError,
  SourceInvalidError,
  SourceNoTracksError,
} from '../../src/errors.ts';
import type { Openable } from '../../src/recorder-source.ts';
import type { CallReplacement } from '../../src/worker/protocol.ts';

type Kind = 'video' | 'audio';

/** What passes it, and what the connection has received or sent; grows each time somebody looks. */
interface Flow {
  passes: boolean;
  flows: boolean;
  mimeType: string;
}

class FakeEnd {
  transform: unknown = null;
  readonly track: { kind: Kind; readyState: 'live' | 'ended'; addEventListener(): void };
  flow: Flow;
  looks = 0;

  constructor(kind: Kind, flow: Partial<Flow> = {}) {
    this.track = { kind, readyState: 'live', addEventListener: () => undefined };
    const mimeType = kind === 'video' ? 'video/H264' : 'audio/opus';
    this.flow = { passes: true, flows: true, mimeType, ...flow };
  }

  async getStats(): Promise<Map<string, object>> {
    const { looks } = this;
    return new Map([['one', { type: 'inbound-rtp', bytesReceived: this.flow.flows ? looks * 1_000 : 0 }]]);
  }
}
class FakeReceiver extends FakeEnd {}
class FakeSender extends FakeEnd {}

/** Chromium's older way to the frames. */
const inChromium = <End extends FakeEnd>(end: End): End =>
  Object.assign(end, { createEncodedStreams: () => undefined });

let tapped: Set<FakeEnd>;
let opened: FakeEnd[];

const tapOf = (end: FakeEnd) => {
  tapped.add(end);
  return {
    target: end,
    seen: async () => {
      end.looks++;
      return { frames: end.flow.passes ? end.looks : 0, mimeType: end.flow.mimeType };
    },
    open: () => {
      opened.push(end);
      return { port: { of: end }, side: end instanceof FakeSender ? 'sender' : 'receiver' };
    },
  };
};

const page = (): CallPage =>
  ({
    ...{ isTapped: (end: FakeEnd) => tapped.has(end), tapOf },
    ...{ PassthroughUnavailableError, SourceEndedError, SourceInvalidError, SourceNoTracksError },
  }) as unknown as CallPage;

const places: CallPlaces = {
  tapUrl: undefined,
  passthroughUrl: 'passthrough.js',
  options: { passthrough: { damaged: 'leave-out', vp8: 'refuse' }, fallback: 'none', record: 'auto' },
};
const want = { video: true, audio: true };

const sourceOf = (...ends: FakeEnd[]): CallSource =>
  new CallSource(ends as unknown as CallPart[], want, places, page());

/** As a recorder gives another one. */
const next = (...ends: FakeEnd[]): Openable => ({ given: ends }) as unknown as Openable;

const inTime = (...ends: FakeEnd[]): FakeEnd[] => {
  for (const end of ends) tapped.add(inChromium(end));
  return ends;
};

/** What a source is told of in a message, by the ends that its ports are of. */
const endsOf = ({ message }: { message: { type: string; replacement?: unknown } }): unknown[] => {
  const { video, audio } = message.replacement as CallReplacement;
  return [video, audio].map(one =>
    typeof one === 'object' ? (one.port as unknown as { of: FakeEnd }).of : one,
  );
};

beforeEach(() => {
  tapped = new Set();
  opened = [];
  vi.useFakeTimers();
  vi.stubGlobal('RTCRtpReceiver', FakeReceiver);
  vi.stubGlobal('RTCRtpSender', FakeSender);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Lets a probe come to its end. */
const soon = async <T>(promise: Promise<T>): Promise<T> => {
  promise.catch(() => undefined);
  await vi.advanceTimersByTimeAsync(3_000);
  return promise;
};

const { signal } = new AbortController();
const TOO_LATE = { code: 'passthrough-unavailable', reason: 'too-late' };

it('a sender can be begun with before it is connected, and not when its connection is closed, though its track lives on', () => {
  const [fresh, used] = inTime(new FakeSender('video'), new FakeSender('audio'));
  const transport = { state: 'connected' };
  Object.assign(fresh as FakeEnd, { transport: null });
  Object.assign(used as FakeEnd, { transport });
  expect(() => sourceOf(fresh as FakeEnd).check()).not.toThrow();
  expect(() => sourceOf(used as FakeEnd).check()).not.toThrow();
  transport.state = 'closed';
  expect(() => sourceOf(used as FakeEnd).check()).toThrow(SourceEndedError);
});

describe('a receiver that was not tapped in time', () => {
  it('is refused where frames can be taken in another way, and gets no tap: what the page encrypts would go past it', async () => {
    const receiver = inChromium(new FakeReceiver('video'));
    const source = sourceOf(receiver);
    source.check();
    await expect(soon(source.open(signal))).rejects.toMatchObject(TOO_LATE);
    expect(tapped.size).toBe(0);
    // A page's own transform is another matter, as is a browser without that way.
    const other = new FakeReceiver('video');
    const late = sourceOf(other);
    late.check();
    await soon(late.open(signal));
    expect(opened).toEqual([other]);
  });

  it('gets none when a recorder is made either', () => {
    const worker = { addEventListener: () => undefined };
    vi.stubGlobal('Worker', function FakeWorker() {
      return worker;
    });
    vi.stubGlobal('RTCRtpScriptTransform', class {});
    const [chromium, other] = [inChromium(new FakeReceiver('video')), new FakeReceiver('audio')];
    new Call([chromium, other] as unknown as GivenCall, want, { ...places, tapUrl: 'tap.js' });
    expect(chromium.transform).toBeNull();
    expect(other.transform).not.toBeNull();
  });
});

describe('a connection', () => {
  const connection = (...used: { direction: string; receiver: FakeEnd; sender: FakeEnd }[]) => ({
    connectionState: 'connected',
    used,
    getTransceivers() {
      return this.used.map(({ direction, ...ends }) => ({ currentDirection: direction, ...ends }));
    },
  });

  it('is recorded at the end at which it was at the start, whichever way media go later', async () => {
    const ends = () => ({ receiver: new FakeReceiver('video'), sender: new FakeSender('video') });
    const one = { direction: 'sendrecv', ...ends() };
    inTime(one.receiver, one.sender);
    const call = connection(one);
    const source = new CallSource(call as unknown as RTCPeerConnection, want, places, page());
    source.check();
    await soon(source.open(signal));
    expect(opened).toEqual([one.receiver]);
    // The other side sends nothing more: its picture is over, and this side's is none of the recording.
    one.direction = 'sendonly';
    const command = source.look();
    expect(command && endsOf(command)).toEqual([undefined, undefined]);
    expect(opened).toEqual([one.receiver]);
    // The next recording begins with what there is then.
    source.check();
    await soon(source.open(signal));
    expect(opened).toEqual([one.receiver, one.sender]);
  });
});

describe('another call for a recording that runs', () => {
  const recorded = async (...ends: FakeEnd[]): Promise<CallSource> => {
    const source = sourceOf(...inTime(...ends));
    source.check();
    await soon(source.open(signal));
    opened = [];
    return source;
  };

  it('is refused when no frame passes its tap, which was put on too late; the recording goes on as it was', async () => {
    const [before, audio] = [new FakeReceiver('video'), new FakeReceiver('audio')];
    const source = await recorded(before, audio);
    const late = new FakeReceiver('video', { passes: false });
    await expect(soon(source.replacedBy(next(...inTime(late, audio))))).rejects.toMatchObject(TOO_LATE);
    expect(opened).toEqual([]);
    expect(source.look()).toBeUndefined();
    const good = new FakeReceiver('video');
    const { command } = await soon(source.replacedBy(next(...inTime(good, audio))));
    expect(endsOf(command)).toEqual([good, 'same']);
  });

  it('is refused when it is in a codec that can not be recorded', async () => {
    const source = await recorded(new FakeReceiver('video'));
    const other = new FakeReceiver('video', { mimeType: 'video/VP8' });
    await expect(soon(source.replacedBy(next(...inTime(other))))).rejects.toMatchObject({
      code: 'passthrough-unavailable',
      reason: 'codec',
    });
    expect(opened).toEqual([]);
  });

  it('may be silent still', async () => {
    const source = await recorded(new FakeReceiver('video'));
    const silent = new FakeReceiver('video', { passes: false, flows: false });
    const { command } = await soon(source.replacedBy(next(...inTime(silent))));
    expect(endsOf(command)).toEqual([silent, undefined]);
  });

  it('is looked at only where it is another one', async () => {
    const video = new FakeReceiver('video');
    const source = await recorded(video);
    // It is muted by now, which takes the whole time to find out.
    video.flow = { ...video.flow, passes: false };
    const audio = new FakeReceiver('audio');
    const replaced = source.replacedBy(next(...inTime(video, audio)));
    await vi.advanceTimersByTimeAsync(500);
    expect(endsOf((await replaced).command)).toEqual(['same', audio]);
  });

  it('of two at once, the second one takes the place of the first, however long that takes', async () => {
    const source = await recorded(new FakeReceiver('video'), new FakeReceiver('audio'));
    const [video, audio] = [
      new FakeReceiver('video', { passes: false, flows: false }),
      new FakeReceiver('audio'),
    ];
    const last = new FakeReceiver('video');
    const order: unknown[][] = [];
    const replace = async (...ends: FakeEnd[]): Promise<void> => {
      const { command } = await source.replacedBy(next(...inTime(...ends)));
      order.push(endsOf(command));
    };
    const late = new FakeReceiver('video', { passes: false });
    await soon(Promise.allSettled([replace(video, audio), replace(late), replace(last, audio)]));
    expect(order).toEqual([
      [video, audio],
      [last, 'same'],
    ]);
  });
});
