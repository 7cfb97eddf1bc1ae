import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AudioSequence, type AudioStep } from '../../src/passthrough/audio-sequence.ts';
import {
  isOpusPause,
  opusConfig,
  opusDuration,
  opusIsStereo,
  silentPackets,
} from '../../src/passthrough/opus.ts';
import { unpackRed } from '../../src/passthrough/red.ts';

const packet = (config: number, code: number, ...more: number[]): Uint8Array =>
  Uint8Array.of((config << 3) | code, ...more);

describe('the duration of a packet', () => {
  it.each([
    [0, 10],
    [1, 20],
    [2, 40],
    [3, 60],
    [8, 10],
    [11, 60],
    [12, 10],
    [13, 20],
    [14, 10],
    [15, 20],
    [16, 2.5],
    [17, 5],
    [18, 10],
    [19, 20],
    [28, 2.5],
    [31, 20],
  ])('configuration %i: %f ms', (config, milliseconds) => {
    const one = milliseconds * 1_000;
    expect(opusDuration(packet(config, 0, 1))).toBe(one);
    expect(opusDuration(packet(config, 1, 1, 1))).toBe(2 * one);
    expect(opusDuration(packet(config, 2, 1, 1))).toBe(2 * one);
    expect(opusDuration(packet(config, 3, 0x80 | 2, 1))).toBe(2 * one);
  });

  it('120 ms at the most, one frame at the least', () => {
    expect(opusDuration(packet(3, 3, 2))).toBe(120_000);
    expect(opusDuration(packet(3, 3, 3))).toBeUndefined();
    expect(opusDuration(packet(16, 3, 48))).toBe(120_000);
    expect(opusDuration(packet(16, 3, 49))).toBeUndefined();
    expect(opusDuration(packet(31, 3, 0))).toBeUndefined();
    expect(opusDuration(packet(31, 3))).toBeUndefined();
    expect(opusDuration(new Uint8Array())).toBeUndefined();
  });

  it('channels, and packets without sound', () => {
    expect([opusIsStereo(packet(31, 4)), opusIsStereo(packet(31, 0))]).toEqual([true, false]);
    expect([isOpusPause(packet(31, 0)), isOpusPause(packet(31, 0, 1, 2))]).toEqual([true, false]);
  });
});

describe('a track of Opus', () => {
  it('has a header by RFC 7845', () => {
    const { codec, sampleRate, numberOfChannels, description } = opusConfig(312);
    expect([codec, sampleRate, numberOfChannels]).toEqual(['opus', 48_000, 2]);
    const head = [...new TextEncoder().encode('OpusHead'), 1, 2, 0x38, 1, 0x80, 0xbb, 0, 0, 0, 0, 0];
    expect(description).toEqual(Uint8Array.from(head));
  });

  it('silence fills a gap but for less than the shortest packet', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3_000_000 }), gap => {
        const packets = silentPackets(gap);
        const filled = packets.reduce((sum, { duration }) => sum + duration, 0);
        expect(gap - filled).toBeGreaterThanOrEqual(0);
        expect(gap - filled).toBeLessThan(2_500);
        for (const { data, duration } of packets) expect(opusDuration(data)).toBe(duration);
      }),
    );
  });
});

/** A payload by RFC 2198, 3. */
const red = (blocks: readonly { offset: number; data: Uint8Array }[], primary: Uint8Array): Uint8Array =>
  Uint8Array.from([
    ...blocks.flatMap(({ offset, data }) => {
      const word = offset * 1024 + data.length;
      return [0x80 | 111, word >> 16, (word >> 8) & 0xff, word & 0xff];
    }),
    111,
    ...blocks.flatMap(({ data }) => [...data]),
    ...primary,
  ]);

describe('redundant audio', () => {
  it('comes apart as it was put together, the oldest first', () => {
    const block = fc.record({
      offset: fc.integer({ min: 0, max: 16_383 }),
      data: fc.uint8Array({ minLength: 1, maxLength: 1_023 }),
    });
    const blocks = fc.uniqueArray(block, { maxLength: 4, selector: ({ offset }) => offset });
    fc.assert(
      fc.property(blocks, fc.uint8Array({ minLength: 1, maxLength: 50 }), (earlier, primary) => {
        const ordered = earlier.sort((a, b) => b.offset - a.offset);
        expect(unpackRed(red(ordered, primary))).toEqual({
          primary: { payloadType: 111, data: primary },
          redundant: ordered.map(one => ({ payloadType: 111, ...one })),
        });
      }),
    );
  });

  it('without a packet of its own has an empty one', () => {
    const whole = red([{ offset: 960, data: Uint8Array.of(1) }], new Uint8Array());
    expect(unpackRed(whole)).toMatchObject({
      primary: { data: new Uint8Array() },
      redundant: [{ offset: 960 }],
    });
  });

  it('empty blocks are left out; what does not add up is none', () => {
    const primary = Uint8Array.of(1, 2);
    expect(unpackRed(red([{ offset: 960, data: new Uint8Array() }], primary))?.redundant).toEqual([]);
    const whole = red([{ offset: 960, data: new Uint8Array(9) }], primary);
    for (let length = 0; length < whole.length - primary.length; length++)
      expect(unpackRed(whole.subarray(0, length))).toBeUndefined();
  });
});

/** A packet of 20 ms that is told apart by its second byte. */
const sound = (name: number): Uint8Array => packet(31, 4, name, 0, 0);
const PAUSE = packet(31, 4);
const times = (steps: readonly AudioStep[]): unknown[] =>
  steps.map(step =>
    step.kind === 'packet'
      ? [step.time / 1_000, step.restored ? 'restored' : 'came', step.data[1]]
      : [step.time / 1_000, step.cause, step.duration / 1_000, step.certain],
  );

describe('a sequence of packets', () => {
  const from = (sequence: AudioSequence, ...arrivals: Parameters<AudioSequence['take']>[0][]): unknown[] =>
    times(arrivals.flatMap(arrival => sequence.take(arrival)));

  it('one after the other, with times that are rounded', () => {
    const sequence = new AudioSequence();
    expect(
      from(
        sequence,
        { time: 0, sequenceNumber: 5, data: sound(1) },
        { time: 20_001, sequenceNumber: 6, data: sound(2) },
        { time: 40_000, sequenceNumber: 7, data: sound(3) },
      ),
    ).toEqual([
      [0, 'came', 1],
      [20.001, 'came', 2],
      [40, 'came', 3],
    ]);
  });

  it('time that passes between numbers that follow each other is silence', () => {
    const steps = from(
      new AudioSequence(),
      { time: 0, sequenceNumber: 32_767, data: PAUSE },
      { time: 420_000, sequenceNumber: 0, data: PAUSE },
      { time: 840_000, sequenceNumber: 1, data: sound(1) },
    );
    expect(steps.slice(1)).toEqual([
      [20, 'silence', 400, true],
      [420, 'came', undefined],
      [440, 'silence', 400, true],
      [840, 'came', 1],
    ]);
  });

  it('the numbers of 16 bits start over later', () => {
    const sequence = new AudioSequence();
    sequence.take({ time: 0, sequenceNumber: 65_535, data: sound(1) });
    expect(from(sequence, { time: 60_000, sequenceNumber: 0, data: sound(2) })).toEqual([
      [20, 'silence', 40, true],
      [60, 'came', 2],
    ]);
    sequence.take({ time: 80_000, sequenceNumber: 32_769, data: sound(3) });
    expect(sequence.counts.lost).toBe(0);
  });

  it('a number that is missing is a loss, and counted', () => {
    const sequence = new AudioSequence();
    const steps = from(
      sequence,
      { time: 0, sequenceNumber: 1, data: sound(1) },
      { time: 60_000, sequenceNumber: 4, data: sound(4) },
    );
    expect(steps[1]).toEqual([20, 'loss', 40, true]);
    expect(sequence.counts).toMatchObject({ packets: 2, lost: 2, restored: 0 });
  });

  it('a packet that was lost is restored from the next one’s redundancy', () => {
    const sequence = new AudioSequence();
    const redundant = [
      { offset: 1_920, data: sound(1) },
      { offset: 960, data: sound(2) },
    ];
    const steps = from(
      sequence,
      { time: 0, sequenceNumber: 1, data: sound(1) },
      { time: 40_000, sequenceNumber: 3, data: sound(3), redundant },
    );
    expect(steps).toEqual([
      [0, 'came', 1],
      [20, 'restored', 2],
      [40, 'came', 3],
    ]);
    expect(sequence.counts).toMatchObject({ packets: 3, restored: 1, lost: 0 });
    // It comes after all: it is there already.
    expect(from(sequence, { time: 20_000, sequenceNumber: 2, data: sound(2) })).toEqual([]);
    expect(sequence.counts.late).toBe(1);
  });

  it('what can’t be restored stays a loss, and what was silence before it too', () => {
    const sequence = new AudioSequence();
    const steps = from(
      sequence,
      { time: 0, sequenceNumber: 1, data: sound(1) },
      { time: 100_000, sequenceNumber: 4, data: sound(4), redundant: [{ offset: 960, data: sound(3) }] },
    );
    expect(steps.slice(1)).toEqual([
      [20, 'loss', 60, true],
      [80, 'restored', 3],
      [100, 'came', 4],
    ]);
    expect(sequence.counts).toMatchObject({ lost: 1, restored: 1 });
  });

  it('nothing is restored from before the beginning', () => {
    const redundant = [{ offset: 960, data: sound(1) }];
    expect(from(new AudioSequence(), { time: 20_000, data: sound(2), redundant })).toEqual([[20, 'came', 2]]);
  });

  it('without numbers, the packet before tells: an encoder says when it falls silent', () => {
    const sequence = new AudioSequence();
    const steps = from(
      sequence,
      { time: 0, data: sound(1) },
      { time: 60_000, data: PAUSE },
      { time: 480_000, data: sound(2) },
    );
    expect([steps[1], steps[3]]).toEqual([
      [20, 'loss', 40, false],
      [80, 'silence', 400, false],
    ]);
  });

  it('from the sender itself, nothing is lost', () => {
    const sequence = new AudioSequence(true);
    const steps = from(sequence, { time: 0, data: sound(1) }, { time: 60_000, data: sound(2) });
    expect(steps[1]).toEqual([20, 'silence', 40, true]);
  });

  it('a packet without bytes is silence, and its number is not missing', () => {
    const sequence = new AudioSequence();
    const empty = new Uint8Array();
    const steps = from(
      sequence,
      { time: 0, sequenceNumber: 1, data: empty },
      { time: 20_000, sequenceNumber: 2, data: sound(1) },
      { time: 40_000, sequenceNumber: 3, data: empty },
      { time: 60_000, sequenceNumber: 4, data: empty },
      { time: 80_000, sequenceNumber: 5, data: sound(2) },
      // 6 is missing, 7 is empty.
      { time: 120_000, sequenceNumber: 7, data: empty },
      { time: 140_000, sequenceNumber: 8, data: sound(3) },
    );
    expect(steps).toEqual([
      [20, 'came', 1],
      [40, 'silence', 40, true],
      [80, 'came', 2],
      [100, 'loss', 40, true],
      [140, 'came', 3],
    ]);
    expect(sequence.counts).toMatchObject({ packets: 3, lost: 1, invalid: 0 });
    const unnumbered = new AudioSequence();
    const [, gap] = from(
      unnumbered,
      { time: 0, data: sound(1) },
      { time: 20_000, data: empty },
      { time: 60_000, data: sound(2) },
    );
    expect(gap).toEqual([20, 'silence', 40, false]);
  });

  it('numbers of another sender, or that run back, tell nothing', () => {
    const sequence = new AudioSequence();
    sequence.take({ time: 0, sequenceNumber: 1, data: sound(1) });
    sequence.renumber();
    expect(from(sequence, { time: 60_000, sequenceNumber: 9_000, data: sound(2) })[0]).toEqual([
      20,
      'loss',
      40,
      false,
    ]);
    expect(from(sequence, { time: 120_000, sequenceNumber: 8_000, data: sound(3) })[0]).toEqual([
      80,
      'loss',
      40,
      false,
    ]);
    expect(sequence.counts.lost).toBe(0);
  });

  it('what is not Opus is left out; after a restart there is no gap', () => {
    const sequence = new AudioSequence();
    expect(sequence.take({ time: 0, data: packet(31, 3, 0) })).toEqual([]);
    sequence.take({ time: 0, data: sound(1) });
    sequence.restart();
    expect(from(sequence, { time: 900_000, data: sound(2) })).toEqual([[900, 'came', 2]]);
    expect(sequence.counts.invalid).toBe(1);
  });

  it('whatever is lost, repeated or out of order: times never overlap, and every gap is told', () => {
    const arrival = fc.record({
      number: fc.integer({ min: 0, max: 60 }),
      behind: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(fc.array(arrival, { maxLength: 40 }), arrivals => {
        const sequence = new AudioSequence();
        let end: number | undefined;
        for (const { number, behind } of arrivals) {
          const redundant = behind.map(n => ({ offset: n * 960, data: sound(number - n) }));
          const steps = sequence.take({
            time: number * 20_000,
            sequenceNumber: number,
            data: sound(number),
            redundant,
          });
          for (const step of steps) {
            expect(step.time).toBe(end ?? step.time);
            end = step.time + step.duration;
            if (step.kind === 'packet') expect(step.data[1]).toBe((step.time / 20_000) & 0xff);
          }
        }
      }),
    );
  });
});
