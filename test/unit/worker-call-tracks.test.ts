/** What of a call is recorded when its tracks come and go, in simulated time. */
import { afterEach, describe, expect, it } from 'vitest';
import {
  apart,
  endCalls,
  expectMonotonic,
  expectSent,
  MS,
  of,
  PlayedCall,
  PlayedTap,
  SECOND,
  type Sender,
} from './worker-call-kit.ts';

afterEach(endCalls);

describe('how often frames come', () => {
  it('is less often while they wait for the decoder anyway, of sound as well, and as before from stop() on', async () => {
    const taps = { video: new PlayedTap('receiver', true), audio: new PlayedTap() };
    const call = new PlayedCall({}, taps);
    const { video, clock } = call;
    const each = (i: number): void => {
      const shown = video?.sent.findLast(({ at }) => at < clock.now() - 100 * MS)?.rtpTimestamp;
      if (i % 25 === 0 && shown !== undefined)
        taps.video.see({ at: clock.now(), shown: [shown], losses: 0, dropped: 0 });
    };
    await call.run(3, { each });
    for (const { paces } of Object.values(taps)) expect(paces).toEqual([100]);
    const stopped = call.stop();
    for (const { paces } of Object.values(taps)) expect(paces).toEqual([100, 50]);
    const { found } = await stopped;
    for (const { paces } of Object.values(taps)) expect(paces).toEqual([100, 50]);
    expect(of(found, 'video').length).toBeGreaterThan(60);
  });

  it('is as often as ever where nothing waits for a decoder', async () => {
    const taps = { video: new PlayedTap('sender'), audio: new PlayedTap('sender') };
    const call = new PlayedCall({}, taps);
    await call.run(3);
    await call.stop();
    for (const { paces } of Object.values(taps)) expect(paces).toEqual([]);
  });
});

describe('tracks that come and go', () => {
  it('sound that joins is recorded from a key frame on, which is asked for at once', async () => {
    const call = new PlayedCall({}, { video: new PlayedTap(), audio: undefined });
    const video = call.video as Sender;
    await call.run(3);
    const audio = call.sender('audio', new PlayedTap());
    await call.tracks.replace({ video: 'same', audio: audio.tap.input });
    const joined = call.clock.now();
    // Senders make key frames when they are asked for, and only then.
    let asked = video.tap.keyFrames;
    const each = (i: number): void => {
      if (i % 2 !== 0) return;
      video.send({ key: video.tap.keyFrames > asked });
      asked = video.tap.keyFrames;
    };
    await call.run(3, { audio, video: null, each });
    await call.arrive();
    const { recording, found } = await call.stop();
    expect(recording.files.map(({ reason }) => reason)).toEqual(['start', 'track-added']);
    expectSent(of(found, 'video'), video.sent);
    const cut = of(found, 'video').findLast(({ key }) => key)?.sent?.at ?? 0;
    expect(cut - joined).toBeLessThan(200 * MS);
    expectSent(of(found, 'audio'), audio.sent, cut);
    expect(apart(found, call.clock.now())).toBeLessThan(5 * MS);
  });

  it('what has come before another end takes their place is recorded', async () => {
    const call = new PlayedCall();
    const [video, audio] = [call.video as Sender, call.audio as Sender];
    await call.run(2);
    await call.arrive();
    for (const { tap } of [video, audio]) tap.holds = true;
    await call.run(0.08);
    await call.arrive();
    const next = {
      video: call.sender('video', new PlayedTap()),
      audio: call.sender('audio', new PlayedTap()),
    };
    await call.tracks.replace({ video: next.video.tap.input, audio: next.audio.tap.input });
    await call.run(3, next);
    const { found } = await call.stop();
    expectSent(of(found, 'video'), video.sent);
    expectSent(of(found, 'audio'), audio.sent);
    expectMonotonic(found);
  });

  it('that end while the recording stops are not waited for', async () => {
    const call = new PlayedCall({ reconnectWindow: 10 });
    await call.run(2);
    const stopped = call.tracks.stop();
    for (const one of [call.video, call.audio]) one?.tap.end();
    await call.clock.advance(SECOND);
    await stopped;
    expect(call.told).toEqual([]);
    const again = new PlayedCall({ reconnectWindow: 10 });
    await again.run(2);
    for (const one of [again.video, again.audio]) one?.tap.end();
    await again.clock.advance(SECOND);
    expect(again.told).toEqual(['waiting']);
  });
});
