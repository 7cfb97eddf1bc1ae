/** The sound of a call, as its frames come, turned into a row of Opus packets with silence in the gaps. Pure. */
import type { EncodedFrame } from '../encoded.ts';
import { type AudioArrival, type AudioCounts, AudioSequence, type AudioStep } from './audio-sequence.ts';
import { mediaType } from './media-type.ts';
import { silentPackets } from './opus.ts';
import { unpackRed } from './red.ts';
import { Reorder } from './reorder.ts';
import { RtpTime } from './rtp-time.ts';

/** The RTP clock of Opus, whatever it encodes (RFC 7587, 4.1). */
const CLOCK_RATE = 48_000;
/** Longer gaps are told, not filled: a sender that is muted may be silent for hours. Microseconds. */
const LONGEST_FILLED = 1_000_000;

/** Time without a packet; microseconds of RTP time. */
export type OpusGap = Extract<AudioStep, { kind: 'gap' }>;

export type OpusPiece =
  /** `restored`: lost, and taken from the redundancy of a later one. */
  | { kind: 'packet' | 'restored'; data: Uint8Array; time: number; duration: number }
  /** Made to stand in a gap. */
  | {
      kind: 'silence';
      data: Uint8Array;
      time: number;
      duration: number;
      cause: OpusGap['cause'];
      certain: boolean;
    };

export interface OpusCounts extends AudioCounts {
  /** Samples at 48 kHz in gaps, whether they were filled here or told. */
  silenceSamples: number;
}

/** What of a gap no packet is short enough for (2.5 ms) is left at its end. */
export function* fillGap({ time, duration, cause, certain }: OpusGap): Generator<OpusPiece> {
  // One second after the other, so that hours don't lie in memory at once.
  for (let begin = 0; begin < duration; begin += LONGEST_FILLED) {
    let at = time + begin;
    for (const packet of silentPackets(Math.min(LONGEST_FILLED, duration - begin))) {
      yield { kind: 'silence', data: packet.data, time: at, duration: packet.duration, cause, certain };
      at += packet.duration;
    }
  }
}

/** A packet of no frames, which Opus has not (RFC 6716, 3.2.5, R2): it stands for what can't be read, and is counted so. */
const NOT_OPUS = Uint8Array.of(3, 0);

const OPUS = 'audio/opus';

/** The packet of a frame, and those that are repeated in it. */
const unpack = ({ data, mimeType }: EncodedFrame): Pick<AudioArrival, 'data' | 'redundant'> => {
  const bytes = new Uint8Array(data);
  const type = mediaType(mimeType ?? OPUS);
  if (bytes.length === 0 || type === OPUS) return { data: bytes };
  const red = type === 'audio/red' ? unpackRed(bytes) : undefined;
  if (red === undefined) return { data: NOT_OPUS };
  const { primary, redundant } = red;
  return {
    data: primary.data,
    redundant: redundant.filter(({ payloadType }) => payloadType === primary.payloadType),
  };
};

export class OpusTrack {
  readonly #time = new RtpTime(CLOCK_RATE);
  readonly #reorder = new Reorder<AudioArrival>();
  readonly #sequence: AudioSequence;
  #ssrc: number | undefined;
  #renewals = 0;
  #silenceSamples = 0;
  /** From a sender that is over, after the next one had begun. */
  #stragglers = 0;

  /** @param side nothing is lost on the way of what comes from the sender itself: every gap is silence. */
  constructor(side: 'receiver' | 'sender') {
    this.#sequence = new AudioSequence(side === 'sender');
  }

  get counts(): OpusCounts {
    const { counts } = this.#sequence;
    return { ...counts, late: counts.late + this.#stragglers, silenceSamples: this.#silenceSamples };
  }

  /** How often another sender, or one that began anew, has come: of such a one, the first time is a guess by its arrival. */
  get renewals(): number {
    return this.#renewals;
  }

  /** Arrival minus time, without jitter: see `RtpTime`. */
  get delay(): number | undefined {
    return this.#time.delay;
  }

  /** @returns what is in order now, each piece beginning where the one before ended, but for what gaps leave. */
  take(frame: EncodedFrame): (OpusPiece | OpusGap)[] {
    const { rtpTimestamp: timestamp, arrival, ssrc, sequenceNumber } = frame;
    const place = this.#time.map({ timestamp, arrival, source: ssrc });
    if (!place.restarted && this.#ssrc !== undefined && ssrc !== this.#ssrc) {
      this.#stragglers++;
      return this.tick(arrival);
    }
    const before = place.restarted ? this.end() : [];
    if (place.restarted) this.#renew();
    this.#ssrc = ssrc;
    const packet: AudioArrival = { time: place.time, sequenceNumber, ...unpack(frame) };
    return [...before, ...this.#pieces(this.#reorder.take(packet, arrival))];
  }

  #renew(): void {
    this.#renewals++;
    this.#sequence.renumber();
  }

  /**
   * Time has passed without a frame.
   *
   * @param now by the clock of `arrival`.
   */
  tick(now: number): (OpusPiece | OpusGap)[] {
    return this.#pieces(this.#reorder.tick(now));
  }

  /** Nothing more will come. */
  end(): (OpusPiece | OpusGap)[] {
    return this.#pieces(this.#reorder.end());
  }

  #pieces(arrivals: readonly AudioArrival[]): (OpusPiece | OpusGap)[] {
    return arrivals.flatMap(arrival => this.#sequence.take(arrival)).flatMap(step => this.#piece(step));
  }

  #piece(step: AudioStep): (OpusPiece | OpusGap)[] {
    if (step.kind === 'packet') {
      const { time, duration, data, restored } = step;
      return [{ kind: restored ? 'restored' : 'packet', time, duration, data }];
    }
    this.#silenceSamples += Math.round((step.duration * CLOCK_RATE) / 1e6);
    return step.duration > LONGEST_FILLED ? [step] : [...fillGap(step)];
  }
}
