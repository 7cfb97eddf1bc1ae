/** Puts received Opus packets in a row: what was lost and can be restored, what was silence, what is missing. Pure. */
import { isOpusPause, opusDuration } from './opus.ts';
import type { RedBlock } from './red.ts';
import { sequenceStep } from './sequence-number.ts';

/** A packet as it came. */
export interface AudioArrival {
  /** Microseconds, by `RtpTime`. */
  time: number;
  /** Of the RTP packet, where the browser tells it. */
  sequenceNumber?: number | undefined;
  data: Uint8Array;
  /** Earlier packets that came with it. */
  redundant?: readonly Pick<RedBlock, 'offset' | 'data'>[] | undefined;
}

export type AudioStep =
  | { kind: 'packet'; time: number; duration: number; data: Uint8Array; restored: boolean }
  /** Time without a packet. */
  | {
      kind: 'gap';
      time: number;
      duration: number;
      /** `silence`: the sender had nothing to send (DTX). `loss`: at least one packet in it was lost. */
      cause: 'silence' | 'loss';
      /** By sequence numbers; else it is a guess by the packet before. */
      certain: boolean;
    };

export interface AudioCounts {
  packets: number;
  /** Of these, taken from the redundancy of later ones. */
  restored: number;
  /** Packets that never came, by sequence numbers. */
  lost: number;
  /** Came again, or after a later one. */
  late: number;
  /** Not Opus; packets without bytes don't count. */
  invalid: number;
}

/** Times are rounded to microseconds, and the shortest packet lasts 2,500. */
const TOLERANCE = 500;
/** The RTP clock of Opus, whatever it encodes (RFC 7587, 4.1). */
const TICKS_PER_SECOND = 48_000;

interface Last {
  end: number;
  sequenceNumber: number | undefined;
  pause: boolean;
  /** So many packets are missing since `end`, before the one with `sequenceNumber`. */
  missing: number;
  /** What came since `end` could not be read: there may have been sound in it. */
  unread: boolean;
}

export class AudioSequence {
  readonly counts: AudioCounts = { packets: 0, restored: 0, lost: 0, late: 0, invalid: 0 };
  #last: Last | undefined;

  /** @param lossless packets come from the sender itself: none is lost, so that every gap is silence. */
  constructor(private readonly lossless = false) {}

  take(arrival: AudioArrival): AudioStep[] {
    const duration = opusDuration(arrival.data);
    const last = this.#last;
    if (duration === undefined) {
      this.#takeWithoutSound(arrival);
      return [];
    }
    if (last && arrival.time < last.end - TOLERANCE) {
      this.counts.late++;
      return [];
    }
    const restored = last ? restorable(arrival, last.end) : [];
    const cause = this.#causeOfGaps(arrival, last, restored.length);
    const steps = withGaps(
      [...restored, packetStep(arrival.time, duration, arrival.data, false)],
      last,
      cause,
    );
    this.counts.packets += restored.length + 1;
    this.counts.restored += restored.length;
    this.#last = {
      end: arrival.time + duration,
      sequenceNumber: arrival.sequenceNumber,
      pause: isOpusPause(arrival.data),
      missing: 0,
      unread: false,
    };
    return steps;
  }

  /** What comes next is of another sender, or of one that has started over: its numbers have nothing to do with the last. */
  renumber(): void {
    if (this.#last) this.#last = { ...this.#last, sequenceNumber: undefined, missing: 0 };
  }

  /** After a break that is accounted for elsewhere (a pause, another sender): what comes next begins anew. */
  restart(): void {
    this.#last = undefined;
  }

  #causeOfGaps(arrival: AudioArrival, last: Last | undefined, restored: number): GapCause {
    if (this.lossless) return { cause: 'silence', certain: true };
    const step = stepFrom(last, arrival);
    // A number that runs back is of a sender that started over.
    if (last === undefined || step === undefined || step <= 0)
      return { cause: last?.pause === true ? 'silence' : 'loss', certain: false };
    const missing = Math.max(0, last.missing + step - 1 - restored);
    this.counts.lost += missing;
    return { cause: missing > 0 || last.unread ? 'loss' : 'silence', certain: true };
  }

  /**
   * A packet without bytes says that there is nothing to send; one that is no Opus is as good as lost. But both have
   * come: their numbers are none that are missing.
   */
  #takeWithoutSound(arrival: AudioArrival): void {
    const empty = arrival.data.length === 0;
    if (!empty) this.counts.invalid++;
    const last = this.#last;
    const step = stepFrom(last, arrival);
    if (last === undefined || (step !== undefined && step <= 0)) return;
    this.#last = {
      ...last,
      pause: empty,
      unread: last.unread || !empty,
      sequenceNumber: arrival.sequenceNumber,
      missing: last.missing + (step === undefined ? 0 : step - 1),
    };
  }
}

/** By how many packets it comes after the last one; `undefined` where numbers don't tell. */
const stepFrom = (last: Last | undefined, { sequenceNumber }: AudioArrival): number | undefined =>
  last?.sequenceNumber === undefined || sequenceNumber === undefined
    ? undefined
    : sequenceStep(last.sequenceNumber, sequenceNumber);

interface GapCause {
  cause: 'silence' | 'loss';
  certain: boolean;
}

type PacketStep = Extract<AudioStep, { kind: 'packet' }>;

const packetStep = (time: number, duration: number, data: Uint8Array, restored: boolean): PacketStep => ({
  kind: 'packet',
  time,
  duration,
  data,
  restored,
});

/** Earlier packets that lie between the end of what was there and the packet that they came with. */
const restorable = ({ time, redundant = [] }: AudioArrival, end: number): PacketStep[] => {
  const found: PacketStep[] = [];
  let until = time;
  // From the newest to the oldest, so that of two that overlap the one nearer to its own packet stays.
  for (const { offset, data } of [...redundant].sort((a, b) => a.offset - b.offset)) {
    const begin = time - Math.round((offset * 1e6) / TICKS_PER_SECOND);
    const duration = opusDuration(data);
    if (duration === undefined || begin < end - TOLERANCE || begin + duration > until + TOLERANCE) continue;
    found.unshift(packetStep(begin, duration, data, true));
    until = begin;
  }
  return found;
};

const withGaps = (packets: readonly PacketStep[], last: Last | undefined, cause: GapCause): AudioStep[] => {
  let end = last?.end;
  return packets.flatMap((packet): AudioStep[] => {
    const begin = end;
    end = packet.time + packet.duration;
    if (begin === undefined || packet.time - begin <= TOLERANCE) return [packet];
    return [{ kind: 'gap', time: begin, duration: packet.time - begin, ...cause }, packet];
  });
};
