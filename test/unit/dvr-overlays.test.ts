/** What the manifests of recordings of a ring say of overlays, which are drawn before the ring has the pictures. */
import { expect, test } from 'vitest';
import type { RingRequest } from '../../src/clip/protocol.ts';
import type { ManifestEvent } from '../../src/manifest.ts';
import type { RingTaker } from '../../src/worker/ring-taker.ts';
import { newRing, SECOND, SimulatedStream, takeAll } from './dvr-kit.ts';

const turn = () => new Promise(resolve => setTimeout(resolve));

/** A key frame each 2 s. Pictures are drawn into as they come, and come out of the encoder `lag` milliseconds later. */
const newStream = ({ seconds = 100, lag = 100 } = {}) => {
  const ring = newRing(seconds);
  const stream = new SimulatedStream(entry => ring.append(entry), { lag });
  /** From the next picture on. */
  const show = (...ids: string[]): void =>
    ring.append({ kind: 'note', event: { time: stream.time / SECOND, type: 'overlays', ids } });
  /** Its notes; it ends where the stream is. */
  const record = async (
    request: RingRequest,
    later: (taker: RingTaker) => Promise<void> = async () => undefined,
    exact = false,
  ): Promise<ManifestEvent[]> => {
    let taker: RingTaker | undefined;
    const made = takeAll(ring, stream, request, one => (taker = one), exact);
    await turn();
    if (taker) await later(taker);
    stream.end();
    ring.finish();
    return (await made).notes;
  };
  return { ring, stream, show, record };
};

const overlays = (time: number, ...ids: string[]): ManifestEvent => ({ time, type: 'overlays', ids });

test('one that is shown during what was before the start is told when it came, and not from the beginning on', async () => {
  const { stream, show, record } = newStream();
  stream.play(10);
  show('logo');
  stream.play(3);
  // From the third second on, which begins with the key frame of the second one.
  expect(await record({ kind: 'live', preRoll: 10 })).toEqual([overlays(8, 'logo')]);
});

test('a clip says what was shown before it already, and when it was hidden', async () => {
  const { stream, show, record } = newStream();
  show('logo');
  stream.play(45);
  show();
  stream.play(15);
  expect(await record({ kind: 'last', seconds: 30 })).toEqual([overlays(0, 'logo'), overlays(15)]);
});

test('also when the ring has let go of all of what was before', async () => {
  const { ring, stream, show, record } = newStream({ seconds: 20 });
  show('title');
  stream.play(10);
  show('title', 'logo');
  stream.play(100);
  expect(ring.known.overlays).toHaveLength(1);
  expect(await record({ kind: 'last', seconds: 6 })).toEqual([overlays(0, 'title', 'logo')]);
});

test('nothing is told where nothing is shown', async () => {
  const { stream, show, record } = newStream();
  stream.play(5);
  show('logo');
  stream.play(5);
  show();
  stream.play(20);
  expect(await record({ kind: 'last', seconds: 4 })).toEqual([]);
});

test('a picture is drawn into before the key frame that it follows has come out of its encoder', async () => {
  const { stream, show, record } = newStream({ lag: 300 });
  stream.play(10.2);
  show('logo');
  stream.play(5);
  const piece = { kind: 'piece', start: 10, duration: 5 } as const;
  expect(await record(piece)).toEqual([overlays(0.2, 'logo')]);
});

test('what is asked for now may begin with a key frame that is drawn into', async () => {
  const { stream, show, record } = newStream({ lag: 300 });
  stream.play(5);
  const notes = await record({ kind: 'live', preRoll: 0 }, async () => {
    show('logo');
    stream.play(0.2);
    show('logo', 'title');
    stream.play(1);
  });
  expect(notes).toEqual([overlays(0, 'logo'), overlays(0.2, 'logo', 'title')]);
});

test('to the frame: what was shown and hidden in the part that is left out is not told', async () => {
  const { stream, show, record } = newStream();
  show('title');
  stream.play(10.2);
  show('logo');
  stream.play(0.2);
  show('guest');
  stream.play(0.4);
  show();
  stream.play(4);
  const piece = { kind: 'piece', start: 10.6, duration: 3 } as const;
  expect(await record(piece, undefined, true)).toEqual([overlays(0, 'guest'), overlays(0.2)]);
});

test('what changes during a pause is told where the recording goes on', async () => {
  const { stream, show, record } = newStream({ lag: 300 });
  stream.play(4);
  const notes = await record({ kind: 'live', preRoll: 0 }, async taker => {
    stream.play(2);
    await turn();
    taker.pause(stream.time + 0.12 * SECOND);
    stream.play(0.04);
    // It was captured before the pause.
    show('guest');
    stream.play(2);
    show('logo');
    stream.play(1);
    show('logo', 'title');
    stream.play(1);
    await turn();
    taker.resume(stream.time);
    stream.keyFrameAt(stream.time);
    stream.play(1);
  });
  expect(notes).toEqual([
    overlays(2.04, 'guest'),
    { time: 2.12, type: 'pause', duration: expect.closeTo(3.92, 5) },
    overlays(2.12, 'logo', 'title'),
  ]);
});
