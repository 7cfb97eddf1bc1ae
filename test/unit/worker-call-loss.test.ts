/** What is recorded of a call where frames are missing and nothing but the frames themselves tells, in simulated time. */
import { afterEach, describe, expect, it } from 'vitest';
import type { LossEvent } from '../../src/manifest.ts';
import { BitWriter } from './passthrough-kit.ts';
import {
  endCalls,
  type Found,
  MS,
  of,
  PlayedCall,
  PlayedTap,
  type Sender,
  type Sent,
} from './worker-call-kit.ts';

afterEach(endCalls);

const STEP = 40 * MS;

/** Sends so many pictures, but for those that are lost. @param given what else there is to say of each. */
const play = async (
  call: PlayedCall,
  count: number,
  given: (i: number, video: Sender) => Parameters<Sender['send']>[0] | 'lost',
): Promise<void> => {
  const video = call.video as Sender;
  for (let i = 0; i < count; i++) {
    const more = given(i, video);
    if (more !== 'lost') video.send(more);
    await call.clock.advance(STEP);
  }
};

const lossesOf = (events: readonly { type: string }[]): LossEvent[] =>
  events.filter((event): event is LossEvent => event.type === 'loss');

/** When what is recorded was sent, in steps from the first one. */
const stepsOf = (found: readonly Found[]): number[] => {
  const sent = of(found, 'video').map(one => one.sent?.at ?? 0);
  return sent.map(at => Math.round((at - (sent[0] ?? 0)) / STEP));
};

/** Constrained Baseline, 320x240, with numbers of 4 bits, by ITU-T H.264, 7.3.2.1.1 and 7.3.3. */
const h264 = (frameNum: number, gapsAllowed: boolean): Uint8Array => {
  const isKey = frameNum === 0;
  const sps = new BitWriter().put(0x67, 8).put(66, 8).put(0xc0, 8).put(31, 8).ue(0).ue(0).ue(2).ue(1);
  sps.put(Number(gapsAllowed), 1).ue(19).ue(14).put(1, 1).put(1, 1).put(0, 2).put(1, 1);
  const pps = new BitWriter().put(0x68, 8).ue(0).ue(0).put(1, 1).put(0, 8).put(1, 1);
  const slice = new BitWriter()
    .put(0x60 | (isKey ? 5 : 1), 8)
    .ue(0)
    .ue(7)
    .ue(0);
  slice
    .put(frameNum % 16, 4)
    .put(0xa000 + frameNum, 16)
    .put(1, 1);
  const nals = isKey ? [sps, pps, slice] : [slice];
  return Uint8Array.from(nals.flatMap(({ bytes }) => [0, 0, 0, 1, ...bytes]));
};

/** A picture of H.264 that is sent now. */
const h264Frame = (
  call: PlayedCall,
  frameNum: number,
  gapsAllowed: boolean,
): { again: Sent; mimeType: string } => {
  const at = call.clock.now();
  const data = h264(frameNum, gapsAllowed);
  const rtpTimestamp = 1_000 + Math.round(at * 0.09);
  const again: Sent = { kind: 'video', at, data, rtpTimestamp, sequenceNumber: 0 };
  return { again, mimeType: 'video/H264' };
};

/** Pictures in files, in all. */
const framesOf = (files: readonly { video?: { frames: number } | null | undefined }[]): number =>
  files.reduce((sum, { video }) => sum + (video?.frames ?? 0), 0);

describe('frames that a page feeds, without numbers, and without a receiver that could be looked at', () => {
  const feeding = (damaged: 'leave-out' | 'keep' = 'leave-out'): PlayedCall =>
    new PlayedCall(
      { passthrough: { damaged } },
      { video: new PlayedTap('receiver', false, true), audio: undefined },
    );

  it('of which one is missing are left out up to a key frame, which is asked for at once; that is told', async () => {
    const call = feeding();
    const { tap } = call.video as Sender;
    let asked = 0;
    await play(call, 100, i => {
      if (i === 30) {
        asked = tap.keyFrames;
        return 'lost';
      }
      const wanted = i > 30 && tap.keyFrames > asked;
      asked = tap.keyFrames;
      return { key: i === 0 || wanted };
    });
    const { recording, found } = await call.stop();
    const steps = stepsOf(found);
    const next = steps.find(step => step > 30) ?? 0;
    expect(steps.filter(step => step < 30)).toHaveLength(30);
    expect(next).toBeGreaterThan(40);
    expect(next).toBeLessThan(50);
    expect(steps.filter(step => step >= next)).toHaveLength(100 - next);
    expect(lossesOf(recording.events)).toMatchObject([{ frames: next - 31 }]);
    expect(call.stats.framesDropped).toBe(next - 31);
    expect(call.warnings).toContain('frames-lost');
  });

  it('are no less certain for being of H.264 when the page leaves one out: where gaps are allowed, no number tells', async () => {
    const call = feeding();
    await play(call, 60, i => (i === 30 ? 'lost' : h264Frame(call, i, true)));
    const { recording } = await call.stop();
    expect(framesOf(recording.files)).toBe(30);
    expect(lossesOf(recording.events)).toMatchObject([{ frames: 29 }]);
    // A browser lets none out after one that is missing: it was a sender that stood still.
    const tapped = new PlayedCall({}, { video: new PlayedTap('receiver', true), audio: undefined });
    await play(tapped, 60, i => (i === 30 ? 'lost' : h264Frame(tapped, i, true)));
    expect(framesOf((await tapped.stop()).recording.files)).toBe(59);
  });

  it('of which none is missing are all recorded', async () => {
    const call = feeding();
    await play(call, 60, i => ({ key: i === 0 }));
    const { recording, found } = await call.stop();
    expect(stepsOf(found)).toHaveLength(60);
    expect(lossesOf(recording.events)).toEqual([]);
  });

  it('of a sender that stood still are recorded, and at once: nothing is lost on the way', async () => {
    const taps = { video: new PlayedTap('sender', false, true), audio: undefined };
    const call = new PlayedCall({}, taps);
    await play(call, 60, i => (i > 30 && i < 50 ? 'lost' : { key: i === 0 }));
    expect(call.stats.framesEncoded).toBe(41);
    await call.stop();
    expect(taps.video.keyFrames).toBe(1);
  });
});

describe('frames that are kept though damaged', () => {
  const keeping = (): PlayedCall =>
    new PlayedCall({ passthrough: { damaged: 'keep' } }, { video: new PlayedTap(), audio: undefined });

  it('as a number in H.264 tells that one is missing, are all recorded, and counted once', async () => {
    const call = keeping();
    await play(call, 90, i =>
      i === 30 ? 'lost' : i === 60 ? h264Frame(call, 0, false) : h264Frame(call, i % 60, false),
    );
    const { recording } = await call.stop();
    expect(framesOf(recording.files)).toBe(89);
    expect(lossesOf(recording.events)).toMatchObject([{ frames: 29, duration: expect.closeTo(1.2, 1) }]);
    expect(call.stats.framesDropped).toBe(0);
  });

  it('as some could not be taken in time, are all recorded, and counted once', async () => {
    const call = keeping();
    const video = call.video as Sender;
    await play(call, 90, i => {
      if (i === 32) video.tap.overflow(2);
      return i === 30 || i === 31 ? 'lost' : { key: i === 0 || i === 60 };
    });
    const { recording, found } = await call.stop();
    expect(stepsOf(found)).toHaveLength(88);
    // Two that were not taken, and those that came next.
    expect(lossesOf(recording.events)).toMatchObject([{ frames: 2 + 28, duration: expect.closeTo(1.2, 1) }]);
    expect(call.stats.framesDropped).toBe(2);
  });
});
