import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EncodedFrame } from '../../src/encoded.ts';
import { opusDuration } from '../../src/passthrough/opus.ts';
import { fillGap, type OpusGap, type OpusPiece, OpusTrack } from '../../src/passthrough/opus-track.ts';

/** A packet of 20 ms that is told apart by its second byte; two bytes of silence. */
const sound = (name: number): number[] => [(31 << 3) | 4, name, 0, 0];
const PAUSE = [(31 << 3) | 4, 0];
const TICKS = 960;
const STEP = 20_000;

/** The `at`-th packet, come at its time. */
const frame = (
  at: number,
  more: Partial<Omit<EncodedFrame, 'data'>> & { data?: number[] } = {},
): EncodedFrame => ({
  rtpTimestamp: (4_294_960_000 + at * TICKS) % 2 ** 32,
  arrival: 1_700_000_000_000_000 + at * STEP,
  ssrc: 1,
  mimeType: 'audio/opus',
  sequenceNumber: (65_530 + at) & 0xffff,
  ...more,
  data: Uint8Array.from(more.data ?? sound(at)).buffer,
});

/** A payload by RFC 2198, 3, of the packet and those before it. */
const red = (at: number, ...before: number[]): number[] => [
  ...before.flatMap(one => {
    const word = (at - one) * TICKS * 1_024 + sound(one).length;
    return [0x80 | 111, word >> 16, (word >> 8) & 0xff, word & 0xff];
  }),
  111,
  ...before.flatMap(sound),
  ...sound(at),
];

type Pieces = readonly (OpusPiece | OpusGap)[];

/** `5` for a packet that came, `5*` for a restored one, milliseconds of what is between. */
const told = (pieces: Pieces): string[] => {
  const words: string[] = [];
  let silence = 0;
  for (const [i, piece] of pieces.entries()) {
    const { time, duration } = piece;
    if (piece.kind === 'gap') words.push(`gap ${duration / 1_000} ${piece.cause}`);
    else if (piece.kind !== 'silence') words.push(`${piece.data[1]}${piece.kind === 'restored' ? '*' : ''}`);
    else {
      silence += duration;
      const next = pieces[i + 1];
      if (next?.kind === 'silence' && next.time === time + duration) continue;
      words.push(`${piece.cause}${piece.certain ? '' : '?'} ${silence / 1_000}`);
      silence = 0;
    }
  }
  return words;
};
const through = (track: OpusTrack, ...frames: EncodedFrame[]): string[] =>
  told(frames.flatMap(one => track.take(one)));

describe('a track of received sound', () => {
  it('packets in a row, over the end of timestamps and numbers', () => {
    const track = new OpusTrack('receiver');
    const pieces = Array.from({ length: 20 }, (_, at) => track.take(frame(at))).flat();
    expect(pieces.map(({ kind, time, duration }) => [kind, time, duration])).toEqual(
      Array.from({ length: 20 }, (_, at) => ['packet', at * STEP, STEP]),
    );
    expect(track.counts).toMatchObject({ packets: 20, lost: 0, silenceSamples: 0 });
    expect(track.delay).toBe(1_700_000_000_000_000);
  });

  it('one that comes late goes to its place; one that does not come is silence in the end', () => {
    const track = new OpusTrack('receiver');
    expect(through(track, frame(0), frame(2), frame(1), frame(3))).toEqual(['0', '1', '2', '3']);
    expect(through(track, frame(6))).toEqual([]);
    expect(told(track.tick(frame(6).arrival + 300_000))).toEqual(['loss 40', '6']);
    expect(track.counts).toMatchObject({ packets: 5, lost: 2, silenceSamples: 2 * TICKS });
  });

  it('redundancy is taken out, and restores what was lost', () => {
    const track = new OpusTrack('receiver');
    const mimeType = 'audio/RED';
    const given = through(
      track,
      frame(0, { mimeType, data: red(0) }),
      frame(1, { mimeType, data: red(1, 0) }),
      frame(4, { mimeType, data: red(4, 2, 3) }),
    );
    expect([...given, ...told(track.end())]).toEqual(['0', '1', '2*', '3*', '4']);
    expect(track.counts).toMatchObject({ packets: 5, restored: 2, lost: 0, silenceSamples: 0 });
  });

  it('redundancy of another kind restores nothing', () => {
    const track = new OpusTrack('receiver');
    const other = red(2, 1);
    other[0] = 0x80 | 13;
    through(track, frame(0), frame(2, { mimeType: 'audio/red', data: other }));
    expect(told(track.end())).toEqual(['loss 20', '2']);
  });

  it('packets without bytes are silence; damaged ones, and those of other codecs, are counted', () => {
    const track = new OpusTrack('receiver');
    const frames = [
      frame(0),
      frame(1, { data: [] }),
      frame(2, { data: [], mimeType: 'audio/red' }),
      frame(3),
      frame(4, { mimeType: 'audio/PCMU' }),
      frame(5, { mimeType: 'audio/red', data: [0xff] }),
      frame(6),
    ];
    expect(through(track, ...frames)).toEqual(['0', 'silence 40', '3', 'loss 40', '6']);
    expect(track.counts).toMatchObject({ packets: 3, invalid: 2, lost: 0, silenceSamples: 4 * TICKS });
  });

  it('gaps of up to a second are filled, longer ones are told', () => {
    const track = new OpusTrack('receiver');
    const next = (at: number, number: number): EncodedFrame =>
      frame(at, { data: PAUSE, sequenceNumber: number });
    const given = told(
      [next(0, 1), next(51, 2), next(103, 3), next(180_000, 4)].flatMap(one => track.take(one)),
    );
    expect(given).toEqual(['0', 'silence 1000', '0', 'gap 1020 silence', '0', 'gap 3597920 silence', '0']);
    expect(track.counts.silenceSamples).toBe((50 + 51 + 179_896) * TICKS);
  });

  it('without numbers, the packet before tells', () => {
    const track = new OpusTrack('receiver');
    const bare = { sequenceNumber: undefined };
    const given = through(track, frame(0, bare), frame(2, { ...bare, data: PAUSE }), frame(4, bare));
    expect(given).toEqual(['0', 'loss? 20', '0', 'silence? 20', '4']);
  });

  it('another source goes on where the first one ended; its numbers say nothing of what is between', () => {
    const track = new OpusTrack('receiver');
    const other = (at: number): EncodedFrame =>
      frame(at, { ssrc: 2, sequenceNumber: 65_400 + at, rtpTimestamp: 7_000_000 + at * TICKS });
    // The third one still waits for the second.
    expect(through(track, frame(0), frame(2))).toEqual(['0']);
    expect(through(track, other(5), other(6))).toEqual(['loss 20', '2', 'loss? 40', '5', '6']);
    // A straggler of the first one, whose number lies ahead of what is expected now.
    expect(through(track, frame(1), other(7), other(8))).toEqual(['7', '8']);
    expect(told(track.tick(other(30).arrival))).toEqual([]);
    expect(through(track, other(10), other(9))).toEqual(['9', '10']);
    expect(track.counts).toMatchObject({ late: 1, lost: 1 });
  });
});

it('what comes from the sender itself has silence in it, and no losses', () => {
  const track = new OpusTrack('sender');
  const bare = { sequenceNumber: undefined };
  expect(through(track, frame(0, bare), frame(3, bare))).toEqual(['0', 'silence 40', '3']);
});

describe('a gap', () => {
  it('is filled from one end to the other, but for less than the shortest packet', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5_000_000 }), duration => {
        let at = 1_234;
        for (const piece of fillGap({ kind: 'gap', time: at, duration, cause: 'loss', certain: true })) {
          expect(piece).toMatchObject({ kind: 'silence', time: at, cause: 'loss', certain: true });
          expect(opusDuration(piece.data)).toBe(piece.duration);
          at += piece.duration;
        }
        expect(1_234 + duration - at).toBeGreaterThanOrEqual(0);
        expect(1_234 + duration - at).toBeLessThan(2_500);
      }),
    );
  });

  it('of hours is filled piece by piece', () => {
    const hours: OpusGap = { kind: 'gap', time: 0, duration: 1e12, cause: 'silence', certain: true };
    expect(fillGap(hours).next().value).toMatchObject({ time: 0, duration: 20_000 });
  });
});

it('whatever is lost, late, empty or redundant: pieces never overlap, and are all there is', () => {
  const fate = fc.record({
    lost: fc.integer({ min: 0, max: 5 }),
    late: fc.integer({ min: 0, max: 25 }),
    pause: fc.integer({ min: 0, max: 90 }),
    back: fc.integer({ min: 0, max: 2 }),
    empty: fc.integer({ min: 0, max: 9 }),
  });
  fc.assert(
    fc.property(fc.array(fate, { maxLength: 120 }), fates => {
      let at = 0;
      const sent = fates.map(({ pause, ...one }, i) => {
        at += pause > 80 ? pause : 1;
        return { ...one, at, i };
      });
      const arrivals = sent
        .filter(({ lost, i }) => lost > 0 || i === 0)
        .map(one => ({ ...one, due: one.at + (one.i === 0 ? 0 : one.late) }))
        .sort((a, b) => a.due - b.due || a.i - b.i);
      const track = new OpusTrack('receiver');
      const pieces = arrivals.flatMap(({ at: place, due, back, empty, i }) =>
        track.take(
          frame(place, {
            sequenceNumber: i & 0xffff,
            arrival: 1e15 + due * STEP,
            mimeType: 'audio/red',
            data: empty === 0 && i > 0 ? [] : red(place, ...[place - 2, place - 1].slice(2 - back)),
          }),
        ),
      );
      pieces.push(...track.end());
      let end: number | undefined;
      for (const piece of pieces) {
        // No gap here is shorter than a packet of silence: nothing is left between.
        expect(piece.time).toBe(end ?? piece.time);
        end = piece.time + piece.duration;
        const first = sent[0]?.at ?? 0;
        if (piece.kind === 'packet' || piece.kind === 'restored')
          expect(piece.data[1]).toBe((piece.time / STEP + first) & 0xff);
      }
      const came = arrivals.filter(({ empty, i }) => empty > 0 || i === 0).length;
      const { packets, restored, late, invalid } = track.counts;
      expect(packets - restored + late).toBe(came);
      expect(invalid).toBe(0);
    }),
  );
});
