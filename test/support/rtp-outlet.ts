/** One stream of RTP on its way out of `rtc-peer.ts`: where in it we are, and when the next of it is due. */
import { MediaStreamTrack, RtpHeader, RtpPacket } from 'werift';

/** Something that was sent: a frame of video, or a packet of audio. */
export interface Sent {
  /** Which of its stream, counted from 0. */
  index: number;
  rtpTimestamp: number;
  /** Sequence numbers of its packets. */
  packets: number[];
  /** By `performance.now()`. */
  at: number;
}

export interface OutletOptions {
  kind: 'audio' | 'video';
  /** How many the stream has. */
  length: number;
  /** Begins anew at its end. */
  repeats: boolean;
  /** Milliseconds from one to the next. */
  interval: number;
  /** Ticks of RTP in a second. */
  clock: number;
  firstSequenceNumber: number;
  firstTimestamp: number;
}

export class Outlet {
  readonly track: MediaStreamTrack;
  /** How many have been sent. */
  count = 0;
  #cursor = 0;
  #sequenceNumber: number;
  /** When the first was due, by `performance.now()`; later by all the time for which it was held. */
  #start = 0;
  /** For how long it has been held, milliseconds. */
  #held = 0;
  #heldSince: number | undefined;

  constructor(private readonly options: OutletOptions) {
    this.track = new MediaStreamTrack({ kind: options.kind });
    this.#sequenceNumber = options.firstSequenceNumber;
  }

  start(now: number): void {
    this.#start = now;
    if (this.#heldSince !== undefined) this.#heldSince = now;
  }

  hold(): void {
    this.#heldSince ??= performance.now();
  }

  release(): void {
    const held = performance.now() - (this.#heldSince ?? performance.now());
    this.#start += held;
    this.#held += held;
    this.#heldSince = undefined;
  }

  get isAtEnd(): boolean {
    return !this.options.repeats && this.#cursor >= this.options.length;
  }

  /** Which of its stream is next. */
  get cursor(): number {
    return this.options.repeats ? this.#cursor % this.options.length : this.#cursor;
  }

  set cursor(cursor: number) {
    this.#cursor = cursor;
  }

  isDue(now: number): boolean {
    const due = this.#start + this.count * this.options.interval;
    return !this.isAtEnd && this.#heldSince === undefined && due <= now;
  }

  /**
   * Sends the next one.
   *
   * @param payloads of its packets.
   * @param extension of the last one's header.
   */
  send(payloads: readonly Uint8Array[], extension?: { id: number; payload: Buffer }): Sent {
    const { interval, clock, firstTimestamp, kind } = this.options;
    const elapsed = Math.round(((this.count * interval + this.#held) * clock) / 1000);
    const timestamp = (firstTimestamp + elapsed) % 2 ** 32;
    const sent: Sent = { index: this.cursor, rtpTimestamp: timestamp, packets: [], at: performance.now() };
    for (const [i, payload] of payloads.entries()) {
      const isLast = i === payloads.length - 1;
      const sequenceNumber = this.#sequenceNumber;
      this.#sequenceNumber = (sequenceNumber + 1) % 2 ** 16;
      const header = new RtpHeader({ sequenceNumber, timestamp, marker: kind === 'video' && isLast });
      if (extension && isLast) header.extensions = [extension];
      sent.packets.push(sequenceNumber);
      this.track.writeRtp(new RtpPacket(header, Buffer.from(payload)));
    }
    this.#cursor = sent.index + 1;
    this.count++;
    return sent;
  }
}
