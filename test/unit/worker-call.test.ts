/** What becomes of a call's frames on their way from the taps into files, in simulated time. */
import { afterEach, describe, expect, it } from 'vitest';
import type { LossEvent } from '../../src/manifest.ts';
import {
  apart,
  endCalls,
  expectMonotonic,
  expectSent,
  MS,
  of,
  PACKET,
  PlayedCall,
  PlayedTap,
  SECOND,
  type Sender,
  type Sent,
} from './worker-call-kit.ts';

afterEach(endCalls);

/** As after a large key frame: what is behind it waits, and catches up within a second and a half. */
const queue = (longest: number) => {
  let began: number | undefined;
  return (now: number, i: number): number => {
    began ??= now;
    const left = Math.max(0, 1 - (now - began) / (1.5 * SECOND));
    return 40 * MS + longest * left + ((i * 7919) % 20) * MS;
  };
};

describe('a pause', () => {
  it('asks the call for no key frame; after it, one is asked for at once, and the picture begins with it', async () => {
    const call = new PlayedCall();
    const { video, tracks, clock } = call;
    await call.run(2);
    const { tap } = video as Sender;
    // One that is needed, and does not come.
    for (const frameId of [1, 5]) video?.send({ frameId, dependencies: [frameId - 1], key: frameId === 1 });
    const before = tap.keyFrames;
    while (tap.keyFrames === before) await clock.advance(20 * MS);
    tracks.pause();
    await clock.advance(300 * MS);
    expect(tap.keyFrames).toBe(before + 1);
    tracks.resume();
    expect(tap.keyFrames).toBe(before + 2);
    await clock.advance(200 * MS);
    tracks.pause();
    for (let i = 0; i < 50; i++) {
      video?.send({ frameId: 10 + i, dependencies: [9 + i] });
      await clock.advance(40 * MS);
    }
    expect(tap.keyFrames).toBe(before + 2);
    tracks.resume();
    expect(tap.keyFrames).toBe(before + 3);
    const resumed = clock.now();
    for (let i = 0; i < 10; i++) {
      video?.send({ frameId: 70 + i, dependencies: [69 + i], key: i === 5 });
      await clock.advance(40 * MS);
    }
    const { found } = await call.stop();
    const after = of(found, 'video').filter(({ sent }) => (sent?.at ?? 0) >= resumed);
    expect(after.map(({ key }) => key)).toEqual([true, false, false, false, false]);
  });

  it('that is short leaves out the sound of just that time, though it waited for the picture', async () => {
    const call = new PlayedCall();
    const { clock, tracks, audio } = call;
    await call.run(2);
    // A picture that stands still: sound waits for a while for what may be cut there.
    await call.run(1, { video: null });
    const from = clock.now();
    tracks.pause();
    await call.run(0.3, { video: null });
    const to = clock.now();
    tracks.resume();
    await call.run(1);
    await call.arrive();
    const { found } = await call.stop();
    const sound = of(found, 'audio');
    // What was captured before is on its way for 40 ms.
    const delay = audio?.delay ?? 0;
    expectSent(
      sound.filter(({ sent }) => (sent?.at ?? 0) < from - delay),
      audio?.sent ?? [],
      0,
      from - delay,
    );
    const paused = sound.filter(({ sent }) => (sent?.at ?? 0) >= from && (sent?.at ?? 0) < to - delay);
    expect(paused).toEqual([]);
    expectSent(
      sound.filter(({ sent }) => (sent?.at ?? 0) >= to),
      audio?.sent ?? [],
      to,
    );
    expect(call.stats.audioSamplesDropped).toBe(0);
  });

  it.each(['pause', 'stop'] as const)(
    'or an end (%s) right after the beginning loses no sound that came before it',
    async how => {
      const call = new PlayedCall();
      await call.run(0.2);
      if (how === 'pause') {
        call.tracks.pause();
        await call.run(1);
      }
      const { found } = await call.stop();
      const sound = of(found, 'audio').filter(({ sent }) => sent !== undefined);
      expect(sound.length).toBeGreaterThanOrEqual(7);
    },
  );
});

describe('what can not be recorded', () => {
  it('as its codec is unknown, is asked no key frames of', async () => {
    const call = new PlayedCall({ passthrough: { vp8: 'refuse' } });
    const { tap } = call.video as Sender;
    await call.run(0.2);
    const asked = tap.keyFrames;
    await call.run(5);
    expect(tap.keyFrames).toBe(asked);
    expect(call.warnings).toContain('passthrough-unavailable');
    const { found } = await call.stop();
    expect(of(found, 'video')).toEqual([]);
    expect(of(found, 'audio').length).toBeGreaterThan(200);
  });
});

describe('a codec that can not be recorded', () => {
  it('is left out and counted, also when it comes from another source, up to the next key frame that can', async () => {
    const call = new PlayedCall();
    const video = call.video as Sender;
    await call.run(1);
    video.renew();
    const each = (i: number): void => void (i % 2 === 0 && video.send({ mimeType: 'video/H265' }));
    await call.run(1, { video: null, each });
    await call.arrive();
    expect(call.stats).toMatchObject({ framesIn: 50, framesDropped: 25 });
    video.renew();
    await call.run(1);
    const { recording, found } = await call.stop();
    expect(of(found, 'video')).toHaveLength(50);
    expect(recording.events).toContainEqual(expect.objectContaining({ type: 'loss', frames: 25 }));
  });
});

describe('sound of another end', () => {
  /** Some packets of what takes the place of the sound do not come. */
  const warningsOf = async (first: 'sender' | 'receiver', next: 'sender' | 'receiver'): Promise<string[]> => {
    const taps = { video: new PlayedTap(), audio: new PlayedTap(first) };
    const call = new PlayedCall({}, taps);
    await call.run(1);
    const audio = call.sender('audio', new PlayedTap(next));
    await call.tracks.replace({ video: 'same', audio: audio.tap.input });
    await call.run(2, { audio });
    for (let i = 0; i < 3; i++) {
      // Numbered, and never handed over.
      audio.send({ delay: 1_000 * SECOND });
      await call.clock.advance(PACKET);
    }
    await call.run(2, { audio });
    await call.stop();
    return call.warnings;
  };

  it('that is received loses packets, though that of the sender before did not', async () => {
    expect(await warningsOf('sender', 'receiver')).toContain('audio-gap');
  });

  it('that is sent loses none, though that of the receiver before might have', async () => {
    expect(await warningsOf('receiver', 'sender')).not.toContain('audio-gap');
  });
});

describe('another sender', () => {
  it.each([200, -200])(
    'of the picture lies beside the sound within seconds, though its first frame came by %i ms late',
    async late => {
      const call = new PlayedCall();
      const video = call.video as Sender;
      // The one before is seen late, or the next one.
      const before = late < 0 ? -late * MS : 0;
      await call.run(3, { each: i => (video.delay = (i > 140 ? before : 0) + 40 * MS) });
      await call.clock.advance(before);
      video.renew();
      const renewed = call.clock.now();
      const delay = queue(Math.max(0, late) * MS);
      await call.run(4, { each: i => (video.delay = delay(call.clock.now(), i)) });
      await call.arrive();
      const { found } = await call.stop();
      expectMonotonic(found);
      expect(apart(found, renewed + 2.5 * SECOND)).toBeLessThan(40 * MS);
      expectSent(of(found, 'video'), video.sent);
    },
  );

  it.each([200, -200])(
    'of the sound lies beside the picture from its first packet on, though that came by %i ms late',
    async late => {
      const call = new PlayedCall();
      const audio = call.audio as Sender;
      const before = late < 0 ? -late * MS : 0;
      await call.run(3, { each: i => (audio.delay = (i > 140 ? before : 0) + 40 * MS) });
      audio.renew();
      const renewed = call.clock.now();
      const delay = queue(Math.max(0, late) * MS);
      await call.run(4, { each: i => (audio.delay = delay(call.clock.now(), i)) });
      await call.arrive();
      const { found } = await call.stop();
      expectMonotonic(found);
      expect(apart(found, renewed + SECOND)).toBeLessThan(40 * MS);
      expect(apart(found, renewed + 3 * SECOND)).toBeLessThan(40 * MS);
      // All but for what would lie on what is there: 200 ms at the most, and a packet.
      const there = of(found, 'audio').filter(({ sent }) => sent !== undefined);
      expect(there.length).toBeGreaterThanOrEqual(audio.sent.length - 11);
    },
  );

  it('of the sound loses none of it when the recording is stopped at once', async () => {
    const call = new PlayedCall();
    await call.run(3);
    call.audio?.renew();
    const from = call.clock.now();
    await call.run(0.2);
    const { found } = await call.stop();
    expect(of(found, 'audio').filter(({ sent }) => (sent?.at ?? 0) >= from).length).toBeGreaterThanOrEqual(7);
  });

  it('a call whose picture is replaced has it beside the sound within seconds', async () => {
    const call = new PlayedCall();
    await call.run(3);
    const video = call.sender('video');
    await call.tracks.replace({ video: video.tap.input, audio: 'same' });
    const delay = queue(200 * MS);
    const replaced = call.clock.now();
    await call.run(4, { video, each: i => (video.delay = delay(call.clock.now(), i)) });
    await call.arrive();
    const { found } = await call.stop();
    expectMonotonic(found);
    expect(apart(found, replaced + 2.5 * SECOND)).toBeLessThan(40 * MS);
    expectSent(of(found, 'video'), video.sent);
    // The sound was not touched by it.
    expect(call.stats.audioSamplesDropped).toBe(0);
  });
});

describe('frames of a receiver that misses some', () => {
  const layers = (i: number): { frameId: number; dependencies: number[]; temporalIndex: number } =>
    i % 2 === 0
      ? { frameId: i, dependencies: i === 0 ? [] : [i - 2], temporalIndex: 0 }
      : { frameId: i, dependencies: [i - 1], temporalIndex: i % 4 === 1 ? 1 : 2 };

  /** Sends pictures with numbers; `given` says what else there is to say of each, or that it is lost. */
  const play = async (
    call: PlayedCall,
    count: number,
    given: (i: number) => Parameters<Sender['send']>[0] | 'lost',
  ): Promise<void> => {
    for (let i = 0; i < count; i++) {
      const more = given(i);
      call.audio?.send();
      if (more !== 'lost') call.video?.send(more);
      await call.clock.advance(33 * MS);
    }
  };

  const lossesOf = (events: readonly { type: string }[]): LossEvent[] =>
    events.filter((event): event is LossEvent => event.type === 'loss');

  it('of an upper temporal layer: the loss is over with the next frame, not with the next key frame', async () => {
    const call = new PlayedCall();
    // 33 of layer 1 is lost; 35, as if of layer 2, needs it.
    await play(call, 150, i => {
      if (i === 33) return 'lost';
      if (i === 35) return { frameId: 35, dependencies: [33], temporalIndex: 2 };
      return { ...layers(i), key: i === 0 };
    });
    await call.arrive();
    const { recording, found } = await call.stop();
    expect(of(found, 'video')).toHaveLength(148);
    expect(recording.files).toHaveLength(1);
    const losses = lossesOf(recording.events);
    expect(losses).toMatchObject([{ frames: 1 }]);
    expect(losses[0]?.duration).toBeLessThan(0.6);
  });

  it('of the base: the loss lasts until the next key frame', async () => {
    const call = new PlayedCall();
    await play(call, 150, i => {
      if (i === 34) return 'lost';
      if (i === 100) return { key: true, frameId: 100, dependencies: [], temporalIndex: 0 };
      return { ...layers(i), key: i === 0 };
    });
    const { recording } = await call.stop();
    const losses = lossesOf(recording.events);
    expect(losses).toMatchObject([{ frames: 65 }]);
    expect(losses[0]?.duration).toBeGreaterThan(2);
  });

  it('that are kept though damaged lie in order, and none twice, however late or often they came', async () => {
    const call = new PlayedCall({ passthrough: { damaged: 'keep' } });
    const video = call.video as Sender;
    const again = (i: number) => ({ again: video.sent[i] as Sent, ...layers(i) });
    // 20 is lost for good, 40 comes when nobody waits for it any more.
    await play(call, 60, i => ({
      ...layers(i),
      key: i === 0,
      delay: i === 20 ? 1_000 * SECOND : i === 40 ? 700 * MS : 40 * MS,
    }));
    for (const i of [58, 30, 57]) video.send(again(i));
    await play(call, 20, i => ({ ...layers(60 + i), key: i === 10 }));
    const { found } = await call.stop();
    const written = of(found, 'video').map(({ sent }) => sent?.at ?? 0);
    expect(written.length).toBeGreaterThan(70);
    for (const [i, at] of written.entries()) expect(at).toBeGreaterThan(written[i - 1] ?? 0);
  });
});
