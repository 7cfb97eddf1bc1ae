/** What is made of the ring of a call whose frames wait for the page's decoder, and so come in bunches: whole files in simulated time. */
import { afterEach, expect, test } from 'vitest';
import { resolveOptions } from '../../src/options.ts';
import { CallTracks } from '../../src/worker/call-tracks.ts';
import { RingHost } from '../../src/worker/ring-host.ts';
import type { SessionTracks } from '../../src/worker/session-tracks.ts';
import { SimulatedClock } from '../support/simulated-clock.ts';
import { channel, endRings, MadeOfRing, stubTime } from './dvr-world.ts';
import { md5, readByMp4box } from './mux-kit.ts';
import { ID } from './server-kit.ts';
import { MS, PACKET, PlayedTap, SECOND, Sender, type Sent } from './worker-call-kit.ts';

afterEach(endRings);

/** @param look it is looked at the decoder so often; microseconds. */
const setUp = (look: number) => {
  const clock = new SimulatedClock();
  stubTime(clock);
  const taps = { video: new PlayedTap('receiver', true), audio: new PlayedTap() };
  const options = { passthrough: { vp8: 'record' } } as const;
  const call = { video: taps.video.input, audio: taps.audio.input, url: 'none' };
  const setup = {
    ...{ id: ID, seconds: 60, url: 'none', options: resolveOptions(options), aacEncoderUrl: 'none' },
    ...{ extrasUrl: 'none', video: undefined, audio: undefined, call },
  };
  const openTracks = (context: object) =>
    new CallTracks({ ...context, wall: clock } as never) as unknown as SessionTracks;
  const host = new RingHost(setup, undefined, () => undefined, openTracks);
  const video = new Sender('video', { clock }, taps.video);
  const audio = new Sender('audio', { clock }, taps.audio);
  let lastLook = clock.now();
  /** Sound each 20 ms, a picture each 40, and now and then a look, for so many seconds. */
  const run = async (seconds: number): Promise<void> => {
    for (let i = 0; i < (seconds * SECOND) / PACKET; i++) {
      audio.send();
      if (i % 2 === 0) video.send({ key: video.sent.length === 0 });
      await clock.advance(PACKET);
      if (clock.now() - lastLook < look) continue;
      lastLook = clock.now();
      const shown = video.sent.findLast(({ at }) => at < lastLook - 100 * MS)?.rtpTimestamp;
      if (shown !== undefined) taps.video.see({ at: lastLook, shown: [shown], losses: 0, dropped: 0 });
    }
  };
  let id = 0;
  const make = (request: Parameters<RingHost['read']>[1]): MadeOfRing => {
    const [one, two] = channel();
    void host.read(++id, request, one, false);
    return new MadeOfRing({ clock }, options, two, false);
  };
  return { clock, host, video, audio, run, make };
};

/** How many of the frames that were sent are in its files. */
const count = async (made: MadeOfRing, sent: readonly Sent[]): Promise<number> => {
  const all = new Set(sent.map(({ data }) => md5(data)));
  const files = await Promise.all((await made.bytes()).map(readByMp4box));
  return files.flatMap(({ video, audio }) => [...video, ...audio]).filter(({ data }) => all.has(data)).length;
};

test('clips have all their pictures and sound, wherever between two looks they end', async () => {
  const { host, video, audio, run, make, clock } = setUp(600 * MS);
  await run(4);
  const ends = Array.from({ length: 12 }, (_, i) => 5 + i * 0.1);
  const clips = ends.map(duration => make({ kind: 'piece', start: 0, duration }));
  await run(6);
  for (const [i, clip] of clips.entries()) {
    expect([clip.over, clip.failures, clip.warnings]).toEqual([true, [], []]);
    const end = ends[i] ?? 0;
    expect(await count(clip, video.sent)).toBe(Math.ceil(end * 25 - 1e-6));
    // The first ones lie before the first picture, or after the end.
    expect(Math.abs((await count(clip, audio.sent)) - end * 50)).toBeLessThan(3);
  }
  const closing = host.abort();
  await clock.advance(2 * SECOND);
  await closing;
});

test('recordings that are stopped have all that came before, also of a page that is late to look at its decoder', async () => {
  const { host, video, run, make, clock } = setUp(1_500 * MS);
  await run(4);
  const stopped = [];
  for (let i = 0; i < 8; i++) stopped.push({ made: make({ kind: 'live', preRoll: 10 }), at: 0 });
  for (const one of stopped) {
    await run(0.2 + 0.07);
    one.at = clock.now();
    void one.made.stop();
  }
  await run(5);
  for (const { made, at } of stopped) {
    expect([made.over, made.failures, made.warnings]).toEqual([true, [], []]);
    // Where a picture waits for the decoder, the recording ends with the last one that does not.
    const before = video.sent.filter(one => one.at + 40 * MS < at - 200 * MS).length;
    expect(await count(made, video.sent)).toBeGreaterThanOrEqual(before);
  }
  const closing = host.abort();
  await clock.advance(2 * SECOND);
  await closing;
});
