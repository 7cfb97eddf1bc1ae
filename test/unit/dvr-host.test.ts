/** What is made of a ring that is closed, that fails, of which nothing moves, and to the frame: whole files in simulated time. */
import { afterEach, describe, expect, test } from 'vitest';
import type { FromRing } from '../../src/clip/protocol.ts';
import { channel, endRings, type Made, type MadeOfRing, PlayedRing } from './dvr-world.ts';

afterEach(endRings);

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

/** 1,024 samples of 48 kHz. */
const PACKET = 1_024 / 48_000;

const expectDone = (...all: MadeOfRing[]): void =>
  expect(all.map(({ over, failures, warnings }) => [over, failures, warnings])).toEqual(
    all.map(() => [true, [], []]),
  );

/** No frame stays open, and no timer. */
const expectNothingLeft = ({ world: { ledger, clock } }: PlayedRing): void => {
  expect(ledger.faults).toEqual([]);
  expect([ledger.left, clock.pending]).toEqual([0, 0]);
};

test('closed while it is recorded and clipped: each is finished with all that came before', async () => {
  const ring = new PlayedRing();
  await ring.play(6.5);
  const live = ring.make({ kind: 'live', preRoll: 2 });
  await ring.play(3);
  const clip = ring.make({ kind: 'last', seconds: 4 });
  const coming = ring.make({ kind: 'piece', start: 20, duration: 5 });
  const came = ring.world.handed.video;
  await ring.close();

  expectDone(live, clip, coming);
  const [recorded, clipped, never] = [await live.made(), await clip.made(), await coming.made()];
  // From the key frame before on, which is the first picture of the fifth second.
  const last = recorded.pictures.at(-1) ?? 0;
  expect(recorded.pictures).toEqual(range(121, last + 1));
  // One was on its way.
  expect(last - came).toBeGreaterThanOrEqual(0);
  expect(last - came).toBeLessThanOrEqual(1);
  expect(recorded.recording.duration).toBeCloseTo((last - 120) / 30, 2);
  const sound = recorded.files[0]?.audio?.samples.length ?? 0;
  expect(Math.abs(sound * PACKET - recorded.recording.duration)).toBeLessThan(0.05);
  expect(clipped.pictures).toEqual(range(121, (clipped.pictures.at(-1) ?? 0) + 1));
  expect(clipped.pictures.at(-1)).toBeGreaterThanOrEqual(came - 1);
  expect(never.recording.files).toEqual([]);
  expect(ring.told.at(-1)).toEqual({ type: 'aborted' });
  expectNothingLeft(ring);
});

test('closed while a group is encoded again, which takes its time: what asks for more is waited for, and what does not hears that it is cut short', async () => {
  const ring = new PlayedRing();
  await ring.play(5);
  const readers = [1, 2].map(id => {
    const [its, mine] = channel();
    const heard: FromRing[] = [];
    mine.onmessage = ({ data }: MessageEvent<FromRing>) => void heard.push(data);
    void ring.host.read(id, { kind: 'last', seconds: 4 }, its, true);
    return { mine, heard };
  });
  const [slow, dead] = readers as [(typeof readers)[0], (typeof readers)[0]];
  for (const { mine } of readers) mine.postMessage({ type: 'more' });
  await ring.play(0.1);
  const closing = ring.host.abort();
  await ring.play(29);
  expect(ring.told).not.toContainEqual({ type: 'aborted' });
  for (let i = 0; i < 3; i++) {
    slow.mine.postMessage({ type: 'more' });
    await ring.play(0.1);
  }
  expect(slow.heard.filter(({ type }) => type === 'entries')).toHaveLength(3);
  expect(slow.heard.at(-1)).toEqual({ type: 'over' });
  expect(ring.told).not.toContainEqual({ type: 'aborted' });
  await ring.play(60);
  expect(dead.heard.at(-1)).toEqual({ type: 'over', error: expect.any(String) });
  await closing;
  expect(ring.told.at(-1)).toEqual({ type: 'aborted' });
  // What comes too late is not told where it begins: the page says of it that there is nothing any more.
  await ring.host.read(3, { kind: 'last', seconds: 4 }, channel()[0], false);
  expect(ring.told.at(-1)).toEqual({ type: 'aborted' });
  expectNothingLeft(ring);
});

test('a recording that is being stopped says nothing any more of a stream that is away', async () => {
  const ring = new PlayedRing({ reconnectWindow: 1 });
  await ring.play(3);
  const [running, stopped] = [0, 1].map(() => ring.make({ kind: 'live', preRoll: 2 }));
  await ring.play(1);
  void stopped?.stop();
  ring.end();
  await ring.play(0.4);
  expect(ring.told).toContainEqual({ type: 'waiting' });
  await ring.play(3);
  expect([running?.told, stopped?.told]).toEqual([['waiting'], []]);
  expectDone(...[running, stopped].filter(made => made !== undefined));
  await ring.close();
  expectNothingLeft(ring);
});

test('a ring that fails: what is made of it says so, and has all that came before', async () => {
  const ring = new PlayedRing();
  await ring.play(3);
  const live = ring.make({ kind: 'live', preRoll: 1 });
  await ring.play(2);
  const came = ring.world.handed.video;
  ring.host.onUncaught(new Error('something broke'));
  await ring.close();
  expect([live.over, live.failures]).toMatchObject([true, [{ code: 'worker-failed' }]]);
  const { pictures } = await live.made();
  expect(pictures).toEqual(range(pictures[0] ?? 0, (pictures.at(-1) ?? 0) + 1));
  expect(pictures.at(-1)).toBeGreaterThanOrEqual(came);
  expectNothingLeft(ring);
});

test('of a picture that stands still, a clip is as long as it was asked to be', async () => {
  const ring = new PlayedRing();
  await ring.play(2);
  ring.still = true;
  const shown = ring.world.handed.video;
  await ring.play(28);
  const last = ring.make({ kind: 'last', seconds: 5 });
  const piece = ring.make({ kind: 'piece', start: 12.25, duration: 6 }, true);
  const coming = ring.make({ kind: 'piece', start: 32, duration: 4 }, true);
  // Before the next picture comes, which is the same again.
  await ring.play(2);
  expectDone(last, piece);
  await ring.play(8);
  expectDone(coming);
  for (const one of [last, piece, coming]) {
    const { pictures, files, recording } = await one.made();
    expect(new Set(pictures)).toEqual(new Set([shown]));
    expect(files[0]?.video?.samples[0]).toMatchObject({ time: 0, key: true });
    const sound = files[0]?.audio?.samples.length ?? 0;
    expect(Math.abs(sound * PACKET - recording.duration)).toBeLessThan(0.05);
  }
  // A key frame each five seconds, as none comes by itself.
  const { duration } = (await last.made()).recording;
  expect(duration).toBeGreaterThanOrEqual(5);
  expect(duration).toBeLessThan(5 + 5.6);
  expect((await piece.made()).recording.duration).toBe(6);
  expect((await coming.made()).recording.duration).toBe(4);
  await ring.close();
  expectNothingLeft(ring);
});

test('a clip that lies further ahead than the ring is long begins with the very picture', async () => {
  const ring = new PlayedRing({ dvr: { seconds: 5 } });
  await ring.play(7);
  const clip = ring.make({ kind: 'piece', start: 22, duration: 3 });
  await ring.play(20);
  expectDone(clip);
  const { pictures, recording, files } = await clip.made();
  expect(pictures).toEqual(range(661, 751));
  expect(recording.duration).toBeCloseTo(3, 5);
  const sound = files[0]?.audio?.samples.length ?? 0;
  expect(Math.abs(sound * PACKET - 3)).toBeLessThan(0.05);
  await ring.close();
  expectNothingLeft(ring);
});

/** A picture that is not a key frame is made from the one before it: none of these may be missing. */
const expectDecodable = ({ files }: Made): void => {
  for (const { video } of files) {
    const traces = video?.samples.map(({ trace }) => trace) ?? [];
    const torn = traces.filter(({ key, encoder, index }, i) => {
      const before = traces[i - 1];
      return !key && (before?.encoder !== encoder || before.index !== index - 1);
    });
    expect(torn).toEqual([]);
  }
};

describe('to the frame, of an encoder that takes its time', () => {
  /** A clip from 10.1 s on, of a ring to which something happens at 10.0 s of which no picture has come out yet. */
  const clipped = async (ring: PlayedRing, happen?: () => void, before?: () => void): Promise<Made> => {
    ring.world.lag = () => 500_000;
    await ring.play(4);
    before?.();
    await ring.play(5.99);
    happen?.();
    await ring.play(0.3);
    const clip = ring.make({ kind: 'piece', start: 10.1, duration: 3 }, true);
    await ring.play(1);
    // Or encoding it again would take longer than the clip is.
    ring.world.lag = () => 10_000;
    await ring.play(4);
    expectDone(clip);
    const made = await clip.made();
    expectDecodable(made);
    expect(made.recording.duration).toBeCloseTo(3, 5);
    const sound = made.files.reduce((sum, { audio }) => sum + (audio?.samples.length ?? 0), 0);
    expect(Math.abs(sound * PACKET - 3)).toBeLessThan(0.05);
    await ring.close();
    expectNothingLeft(ring);
    return made;
  };

  test('the key frame before the start is still in it', async () => {
    const { recording, pictures } = await clipped(new PlayedRing());
    expect(pictures).toEqual(range(304, 394));
    expect(recording.files.map(({ reason }) => reason)).toEqual(['start']);
  });

  test('a cut before the start is: nothing of what was before it is recorded', async () => {
    const ring = new PlayedRing();
    const { recording, pictures } = await clipped(ring, () => ring.resize(320));
    expect(pictures).toEqual(range(304, 394));
    expect(recording.files.map(({ reason, video }) => [reason, video?.codedWidth])).toEqual([['start', 320]]);
  });

  test('other parameters are, to which it came by itself, when sound of the clip has come already', async () => {
    const { recording, pictures } = await clipped(new PlayedRing({}, [{ changesAt: 301 }]));
    expect(pictures).toEqual(range(304, 394));
    expect(recording.files.map(({ reason }) => reason)).toEqual(['start', 'video-description']);
  });

  test('the picture ends there, and the sound goes on alone', async () => {
    const ring = new PlayedRing();
    const { recording } = await clipped(ring, () => void ring.setCamera(false));
    expect(recording.files.map(({ reason, video }) => [reason, video])).toEqual([['start', undefined]]);
  });

  test('the picture comes there, to sound that was alone', async () => {
    const ring = new PlayedRing();
    const [on, off] = [true, false].map(camera => () => void ring.setCamera(camera));
    const { recording, pictures } = await clipped(ring, on, off);
    expect(recording.files.map(({ reason, video }) => [reason, video?.codedWidth])).toEqual([['start', 640]]);
    const [first = 0, last = 0] = [pictures[0], pictures.at(-1)];
    expect(pictures).toEqual(range(first, last + 1));
    expect(pictures.length).toBeGreaterThanOrEqual(90);
  });
});

describe('to the frame', () => {
  test('over several files: every picture from the asked one on, each in one of them', async () => {
    const ring = new PlayedRing();
    for (const width of [640, 320, 800, 640]) {
      ring.resize(width);
      await ring.play(3.4);
    }
    const end = 12.2;
    const starts = [0.4, 3.1, 5.05, 6.79];
    const clips = starts.map(start => ring.make({ kind: 'piece', start, duration: end - start }, true));
    await ring.play(5);
    expectDone(...clips);
    for (const [i, clip] of clips.entries()) {
      const start = starts[i] ?? 0;
      const { recording, pictures, files } = await clip.made();
      // The first one came at 0: the one that is shown at the start, and all up to the end.
      expect(pictures).toEqual(range(Math.floor(start * 30 + 1e-6) + 1, 367));
      expect(recording.duration).toBeCloseTo(end - start, 5);
      const widths = [640, 320, 800, 640].slice(i < 2 ? 0 : 1);
      expect(recording.files.map(({ reason, video }) => [reason, video?.codedWidth])).toEqual(
        widths.map((width, n) => [n === 0 ? 'start' : 'video-size', width]),
      );
      for (const { video } of files) expect(video?.samples[0]?.key).toBe(true);
      const sound = files.reduce((sum, { audio }) => sum + (audio?.samples.length ?? 0), 0);
      expect(Math.abs(sound * PACKET - recording.duration)).toBeLessThan(0.05);
    }
    await ring.close();
    expectNothingLeft(ring);
  });

  test('where the encoder comes to other parameters, what it has encoded again is a file of its own', async () => {
    const ring = new PlayedRing({}, [{}, { changesAt: 1 }]);
    await ring.play(8);
    const clip = ring.make({ kind: 'piece', start: 2.5, duration: 4 }, true);
    await ring.play(3);
    expectDone(clip);
    const { recording, pictures, files } = await clip.made();
    expect(pictures).toEqual(range(76, 196));
    expect(recording.files.map(({ reason, startTime }) => [reason, startTime])).toEqual([
      ['start', 0],
      ['video-description', 1.5],
    ]);
    for (const [version, { video }] of files.toReversed().entries())
      expect(new Set(video?.samples.map(({ trace }) => trace.version))).toEqual(new Set([version]));
    await ring.close();
    expectNothingLeft(ring);
  });
});
