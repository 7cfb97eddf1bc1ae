/** RTP timestamps (RFC 3550, 5.1) as microseconds that never start over. Pure. */

const CYCLE = 2 ** 32;
/** So much later than others a packet may come that was sent before them; microseconds. */
const REORDERED = 5_000_000;
/** So far ahead of what the fastest packet lets expect a timestamp may lie; microseconds. */
const AHEAD = 1_000_000;
/** And for the time without a packet, by which two clocks drift apart: crystals are off by 100 ppm at the worst, each. */
const DRIFT = 500e-6;
/** Of a sender that started over, the first packet lies after what was there by this at the least; microseconds. */
const LEAST_STEP = 1_000;

export interface RtpArrival {
  /** 32 bits. */
  timestamp: number;
  /** When it came, on any steady clock; microseconds. */
  arrival: number;
  /** `synchronizationSource`, where the browser tells it: another one has another clock. */
  source?: number | undefined;
}

export interface RtpPlace {
  /** Integer microseconds since the first packet; one that came out of order may lie before it. */
  time: number;
  /** The sender started over: what lies between is a guess by the arrival. */
  restarted: boolean;
}

/** One run of a sender's clock. */
interface Run {
  source: number | undefined;
  /** The newest timestamp, unwrapped, in ticks. */
  newest: number;
  /** Ticks at which the run has the time `base`. */
  origin: number;
  base: number;
  /** Smallest arrival − time so far. */
  delay: number;
}

/** Ticks to microseconds, exact over days: a product of both would outgrow what a number holds. */
const toMicros = (ticks: number, clockRate: number): number => {
  const seconds = Math.floor(ticks / clockRate);
  return seconds * 1e6 + Math.round(((ticks - seconds * clockRate) * 1e6) / clockRate);
};

const mod = (value: number): number => ((value % CYCLE) + CYCLE) % CYCLE;

export class RtpTime {
  #run: Run | undefined;
  /** The one before, whose stragglers may still come. */
  #previous: Run | undefined;
  #newestTime = 0;
  #newestArrival = 0;

  /** @param clockRate ticks a second: 90,000 for video, 48,000 for Opus. */
  constructor(private readonly clockRate: number) {}

  /**
   * Arrival minus time of the packet that came fastest since the sender began: by that, a time is an arrival without
   * the network's jitter. Two tracks of a call lie side by side so as they arrive.
   */
  get delay(): number | undefined {
    return this.#run?.delay;
  }

  map(packet: RtpArrival): RtpPlace {
    const run = this.#run;
    if (run === undefined) return { time: this.#begin(packet, 0), restarted: false };
    const ticks = this.#unwrap(run, packet);
    if (ticks !== undefined) return { time: this.#follow(run, ticks, packet.arrival), restarted: false };
    const straggler = this.#straggler(packet);
    if (straggler !== undefined) return { time: straggler, restarted: false };
    const step = Math.max(LEAST_STEP, Math.round(packet.arrival - this.#newestArrival));
    this.#previous = run;
    return { time: this.#begin(packet, this.#newestTime + step), restarted: true };
  }

  #begin({ timestamp, arrival, source }: RtpArrival, time: number): number {
    this.#run = { source, newest: timestamp, origin: timestamp, base: time, delay: arrival - time };
    this.#newestTime = time;
    this.#newestArrival = arrival;
    return time;
  }

  #timeOf(run: Run, ticks: number): number {
    return run.base + toMicros(ticks - run.origin, this.clockRate);
  }

  /**
   * The ticks that a timestamp means: the latest that it can be, as a source that was muted for hours goes on in a
   * later cycle; or a little before the newest, for packets that come out of order. `undefined` for neither.
   */
  #unwrap(run: Run, { timestamp, arrival, source }: RtpArrival): number | undefined {
    if (source !== run.source) return undefined;
    const forward = mod(timestamp - run.newest);
    const least = this.#timeOf(run, run.newest + forward);
    const quiet = Math.max(0, arrival - this.#newestArrival);
    const latest = arrival - run.delay + AHEAD + quiet * DRIFT;
    if (least <= latest) {
      const cycle = (CYCLE * 1e6) / this.clockRate;
      return run.newest + forward + CYCLE * Math.floor((latest - least) / cycle);
    }
    const backward = forward - CYCLE;
    return -backward * 1e6 <= REORDERED * this.clockRate ? run.newest + backward : undefined;
  }

  #follow(run: Run, ticks: number, arrival: number): number {
    const time = this.#timeOf(run, ticks);
    run.newest = Math.max(run.newest, ticks);
    run.delay = Math.min(run.delay, arrival - time);
    if (time >= this.#newestTime) {
      this.#newestTime = time;
      this.#newestArrival = arrival;
    }
    return time;
  }

  /** A packet from before the sender started over, that came after one from afterwards. */
  #straggler({ timestamp, source }: RtpArrival): number | undefined {
    const previous = this.#previous;
    if (previous === undefined || previous.source !== source) return undefined;
    const behind = mod(previous.newest - timestamp);
    if (behind * 1e6 > REORDERED * this.clockRate) return undefined;
    return this.#timeOf(previous, previous.newest - behind);
  }
}
