/** The parts of taps that decide: what is told of a frame, how often something is done, what a probe has found. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { RtcFrame, RtcFrameMetadata, Transformer } from '../../src/tap/encoded-transform.ts';
import { factsOf } from '../../src/tap/frame-facts.ts';
import type { Outlet } from '../../src/tap/outlet.ts';
import { Paced } from '../../src/tap/paced.ts';
import { Findings, probe } from '../../src/tap/probe.ts';
import type { TapOptions } from '../../src/tap/protocol.ts';
import { askForKeyFrame, pump } from '../../src/tap/pump.ts';

const time = { timeOrigin: 1_700_000_000_000.5, now: 5_000 };
const facts = (metadata: RtcFrameMetadata, rest: Partial<RtcFrame> = {}) =>
  factsOf({ data: new ArrayBuffer(1), getMetadata: () => metadata, ...rest }, time);

describe('factsOf', () => {
  test('times are microseconds since 1970', () => {
    expect(facts({ receiveTime: 4_000.25, captureTime: 3_000 })).toMatchObject({
      arrival: 1_700_000_004_000_750,
      captured: 1_700_000_003_000_500,
    });
  });

  test('without a time of its own a frame came now', () => {
    expect(facts({}).arrival).toBe(1_700_000_005_000_500);
    expect(facts({})).not.toHaveProperty('captured');
  });

  test('dependencies mean nothing without a number', () => {
    expect(facts({ dependencies: [] })).not.toHaveProperty('dependencies');
    expect(facts({ frameId: 0, dependencies: [] })).toMatchObject({ frameId: 0, dependencies: [] });
  });

  test('frames of other types, and sound, have none', () => {
    expect(facts({}, { type: 'key' }).type).toBe('key');
    expect(facts({}, { type: 'delta' }).type).toBe('delta');
    expect(facts({}, { type: 'empty' }).type).toBeUndefined();
    expect(facts({}).type).toBeUndefined();
  });

  test('the rest is as the browser tells it', () => {
    const metadata = {
      rtpTimestamp: 0xffff_fff0,
      synchronizationSource: 5,
      mimeType: 'video/VP9',
      sequenceNumber: 65_535,
      spatialIndex: 1,
      temporalIndex: 2,
    };
    const { synchronizationSource: ssrc, ...same } = metadata;
    expect(facts(metadata)).toMatchObject({ ...same, ssrc });
    expect(facts({}, { timestamp: 9 }).rtpTimestamp).toBe(9);
  });
});

describe('Paced', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('does it at once, then not before its time, then once for all who asked', () => {
    const times: number[] = [];
    const start = performance.now();
    const paced = new Paced(() => times.push(performance.now() - start), 300);
    paced.ask();
    expect(times).toEqual([0]);
    vi.advanceTimersByTime(100);
    paced.ask();
    paced.ask();
    vi.advanceTimersByTime(100);
    paced.ask();
    vi.advanceTimersByTime(1_000);
    expect(times).toEqual([0, 300]);
    paced.ask();
    expect(times).toEqual([0, 300, 1_200]);
    paced.ask();
    paced.stop();
    vi.advanceTimersByTime(1_000);
    expect(times).toHaveLength(3);
  });
});

describe('probe', () => {
  test('frames that came before do not count, those that come now do', () => {
    const findings = new Findings();
    expect(findings.look({ frames: 5, mimeType: 'video/VP8' }, 0)).toBeUndefined();
    expect(findings.look({ frames: 5, mimeType: 'video/VP8' }, 0)).toBeUndefined();
    expect(findings.look({ frames: 6, mimeType: 'video/VP8' }, 0)).toEqual({
      state: 'flowing',
      mimeType: 'video/VP8',
    });
  });

  test.each([
    ['nothing comes', [0, 0, 0, 0, 0], 'silent'],
    ['a large frame has begun to come', [0, 0, 0, 900, 1_800], 'silent'],
    ['bytes come on and on', [0, 300, 600, 900, 1_200], 'blocked'],
    ['the counter starts anew', [900, 0, 0, 0, 0], 'silent'],
    ['nothing is told', [undefined, undefined, undefined], 'silent'],
  ])('when %s', (_, bytes, state) => {
    const findings = new Findings();
    for (const count of bytes) expect(findings.look({ frames: 0 }, count)).toBeUndefined();
    expect(findings.end()).toEqual({ state });
  });

  const never = (): Promise<never> => new Promise(() => undefined);

  test('ends in its time, though nobody answers', async () => {
    await expect(probe({ seen: never, bytes: never }, 50)).resolves.toEqual({ state: 'silent' });
  });

  test('finds out by bytes though the worker does not answer', async () => {
    let bytes = 0;
    await expect(probe({ seen: never, bytes: async () => bytes++ }, 100)).resolves.toEqual({
      state: 'blocked',
    });
  });

  test('is given up with the reason of the signal', async () => {
    const source = { seen: never, bytes: never };
    const reason = new Error('never mind');
    await expect(probe(source, 1_000, AbortSignal.abort(reason))).rejects.toBe(reason);
    const controller = new AbortController();
    const probed = probe(source, 60_000, controller.signal);
    controller.abort(reason);
    await expect(probed).rejects.toBe(reason);
  });

  test('does without statistics where they can not be had', async () => {
    let frames = 0;
    const seen = async () => ({ frames: frames++, mimeType: 'audio/opus' });
    const bytes = async (): Promise<number> => Promise.reject(new Error('closed'));
    await expect(probe({ seen, bytes }, 1_000)).resolves.toMatchObject({ state: 'flowing' });
  });
});

describe('pump', () => {
  const outlet = (take: Outlet['take'], end: () => void) => ({ take, end }) as Outlet;

  test('frames go on in their order, each before its copy is handed over', async () => {
    const log: string[] = [];
    const frames = [1, 2].map(n => ({ n }) as unknown as RtcFrame);
    const name = (frame: RtcFrame): number => (frame as unknown as { n: number }).n;
    await pump(
      {
        readable: new ReadableStream({
          start(controller) {
            for (const frame of frames) controller.enqueue(frame);
            controller.close();
          },
        }),
        writable: new WritableStream({ write: frame => void log.push(`out ${name(frame)}`) }),
      },
      outlet(
        frame => {
          log.push(`take ${name(frame)}`);
          return () => log.push(`hand ${name(frame)}`);
        },
        () => log.push('end'),
      ),
    );
    expect(log).toEqual(['take 1', 'out 1', 'hand 1', 'take 2', 'out 2', 'hand 2', 'end']);
  });

  test('ends when another transform has taken its place', async () => {
    const end = vi.fn();
    const readable = new ReadableStream({ pull: controller => controller.enqueue({}) });
    const writable = new WritableStream({
      write: () => Promise.reject(new DOMException('replaced', 'InvalidStateError')),
    });
    await pump(
      { readable, writable },
      outlet(() => undefined, end),
    );
    expect(end).toHaveBeenCalledOnce();
  });
});

describe('askForKeyFrame', () => {
  const ask = async (options: Omit<TapOptions, 'steadyreel' | 'control'>, encoder: boolean) => {
    const log: unknown[] = [];
    const control = { postMessage: (message: unknown) => log.push(message) };
    await askForKeyFrame({
      options: { ...options, control },
      sendKeyFrameRequest: () => Promise.reject(log.push('other side')),
      ...(encoder ? { generateKeyFrame: () => Promise.reject(log.push('encoder')) } : {}),
    } as unknown as Transformer<TapOptions>);
    return log;
  };

  test('each side in the way that its browser knows, and never of sound; refusals are borne', async () => {
    expect(await ask({ kind: 'video', side: 'receiver' }, true)).toEqual(['other side']);
    expect(await ask({ kind: 'video', side: 'sender' }, true)).toEqual(['encoder']);
    expect(await ask({ kind: 'video', side: 'sender' }, false)).toEqual([{ type: 'key-frame' }]);
    expect(await ask({ kind: 'audio', side: 'receiver' }, true)).toEqual([]);
  });
});
