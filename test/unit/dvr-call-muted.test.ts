/** A ring of a call whose camera is off, and a recording that is made of it: the real host, tracks, lanes, ring and files in simulated time. */
import { afterEach, expect, test } from 'vitest';
import { resolveOptions } from '../../src/options.ts';
import { CallTracks } from '../../src/worker/call-tracks.ts';
import { RingHost } from '../../src/worker/ring-host.ts';
import type { SessionTracks } from '../../src/worker/session-tracks.ts';
import { SimulatedClock } from '../support/simulated-clock.ts';
import { channel, endRings, MadeOfRing, stubTime } from './dvr-world.ts';
import { ID } from './server-kit.ts';
import { PACKET, SECOND, Sender } from './worker-call-kit.ts';

afterEach(endRings);

const setUp = () => {
  const clock = new SimulatedClock();
  stubTime(clock);
  const [video, audio] = (['video', 'audio'] as const).map(kind => new Sender(kind, { clock })) as [
    Sender,
    Sender,
  ];
  const options = resolveOptions({ passthrough: { vp8: 'record' }, reconnectWindow: 0 });
  const host = new RingHost(
    {
      ...{ id: ID, seconds: 600, url: 'none', options, aacEncoderUrl: 'none', extrasUrl: 'none' },
      ...{ video: undefined, audio: undefined },
      call: { video: video.tap.input, audio: audio.tap.input, url: 'none' },
    },
    undefined,
    () => undefined,
    context => new CallTracks({ ...context, wall: clock }) as unknown as SessionTracks,
  );
  let asked = 0;
  /** Sound each 20 ms, and a picture each 40 while the camera is on: a key frame first, and whenever one is asked for. */
  const talk = async (seconds: number, camera: boolean): Promise<void> => {
    for (let i = 0; i < (seconds * SECOND) / PACKET; i++) {
      audio.send();
      const key = i === 0 || video.tap.keyFrames > asked;
      if (camera && i % 2 === 0) {
        asked = video.tap.keyFrames;
        video.send({ key });
      }
      await clock.advance(PACKET);
    }
  };
  const start = (): MadeOfRing => {
    const [one, two] = channel();
    void host.read(1, { kind: 'live', preRoll: 0 }, one, false);
    return new MadeOfRing({ clock }, {}, two, false);
  };
  const stop = async (made: MadeOfRing) => {
    const stopped = made.stop();
    await talk(3, false);
    await stopped;
    expect(made.failures).toEqual([]);
    return made.recording;
  };
  return { talk, start, stop };
};

test('what is said while the camera is off is recorded, before a pause and after it', async () => {
  const { talk, start, stop } = setUp();
  await talk(4, true);
  await talk(8, false);
  const made = start();
  await talk(10, false);
  made.tracks.pause();
  await talk(4, false);
  made.tracks.resume();
  await talk(8, false);
  const { files, duration } = await stop(made);
  expect(files.map(({ reason, video }) => [reason, video])).toEqual([['start', undefined]]);
  expect(duration).toBeCloseTo(18, 0);
});

test('when it is on again the picture has a file of its own', async () => {
  const { talk, start, stop } = setUp();
  await talk(4, true);
  await talk(8, false);
  const made = start();
  await talk(10, false);
  await talk(4, true);
  const { files, duration } = await stop(made);
  expect(files.map(({ reason, video }) => [reason, video !== undefined])).toEqual([
    ['start', false],
    ['track-added', true],
  ]);
  expect(files[1]?.startTime).toBeCloseTo(10, 0);
  expect(duration).toBeCloseTo(14, 0);
});
