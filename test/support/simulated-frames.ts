/**
 * Stands in for the browser's frames and pieces of audio, in Node: no pixels and no sound, but who opened them, who closed
 * them, and what an encoder would be told of them.
 */
import type { ColorSpace, Rotation } from '../../src/manifest.ts';

/** What is opened and closed, and what was done wrong with it. */
export class Ledger {
  readonly #open = new Set<object>();
  opened = 0;
  /** What a browser would have thrown at, or what would have stayed open. */
  readonly faults: string[] = [];

  open(item: object): void {
    this.opened++;
    this.#open.add(item);
  }

  close(item: object, name: string): void {
    if (!this.#open.delete(item)) this.fault(`${name} is closed twice`);
  }

  isOpen(item: object): boolean {
    return this.#open.has(item);
  }

  /** Number of items that nobody has closed yet. */
  get left(): number {
    return this.#open.size;
  }

  fault(what: string): void {
    this.faults.push(what);
  }
}

let ledger = new Ledger();

/** From now on, everything that is opened is noted here. */
export const noteIn = (next: Ledger): void => {
  ledger = next;
};

/** A picture, as a source gives it: `id` is its number. */
export interface Picture {
  id: number;
  width: number;
  height: number;
  rotation: Rotation;
  flip: boolean;
  colorSpace: ColorSpace;
  format: string;
  /** Drawn into the parameters that a file has. */
  fitted: boolean;
}

/** `VideoFrame`. Closed ones are as empty as the browser's. */
export class SimulatedFrame {
  readonly #picture: Picture;
  readonly #ledger = ledger;
  readonly timestamp: number;
  readonly duration: number | null = null;

  constructor(of: SimulatedFrame | Picture, init: { timestamp: number }) {
    this.#picture = of instanceof SimulatedFrame ? of.picture : of;
    this.timestamp = init.timestamp;
    this.#ledger.open(this);
  }

  /** Gives the picture its number. */
  number(id: number): void {
    this.#picture.id = id;
  }

  /** @throws InvalidStateError when it is closed. */
  get picture(): Picture {
    if (this.#isOpen) return this.#picture;
    this.#ledger.fault(`frame ${this.#picture.id} is used after it was closed`);
    throw new DOMException('The frame is closed.', 'InvalidStateError');
  }

  get #isOpen(): boolean {
    return this.#ledger.isOpen(this);
  }

  get codedWidth(): number {
    return this.#isOpen ? this.#picture.width : 0;
  }
  get codedHeight(): number {
    return this.#isOpen ? this.#picture.height : 0;
  }
  get #sideways(): boolean {
    return this.#picture.rotation === 90 || this.#picture.rotation === 270;
  }
  get displayWidth(): number {
    return this.#sideways ? this.codedHeight : this.codedWidth;
  }
  get displayHeight(): number {
    return this.#sideways ? this.codedWidth : this.codedHeight;
  }
  get visibleRect(): { width: number; height: number } | null {
    return this.#isOpen ? { width: this.codedWidth, height: this.codedHeight } : null;
  }
  get rotation(): Rotation {
    return this.#picture.rotation;
  }
  get flip(): boolean {
    return this.#picture.flip;
  }
  get colorSpace(): ColorSpace {
    return this.#picture.colorSpace;
  }
  get format(): string | null {
    return this.#isOpen ? this.#picture.format : null;
  }

  clone(): SimulatedFrame {
    return new SimulatedFrame(this, { timestamp: this.timestamp });
  }

  close(): void {
    this.#ledger.close(this, `frame ${this.#picture.id}`);
  }
}

/** `AudioData`, silent. */
export class SimulatedAudioData {
  readonly #ledger = ledger;
  readonly sampleRate: number;
  readonly numberOfFrames: number;
  readonly numberOfChannels: number;
  readonly timestamp: number;

  constructor(init: {
    sampleRate: number;
    numberOfFrames: number;
    numberOfChannels: number;
    timestamp: number;
  }) {
    this.sampleRate = init.sampleRate;
    this.numberOfFrames = init.numberOfFrames;
    this.numberOfChannels = init.numberOfChannels;
    this.timestamp = init.timestamp;
    this.#ledger.open(this);
  }

  copyTo(_plane: Float32Array): void {
    if (!this.isOpen) this.#ledger.fault('audio is copied after it was closed');
  }

  get isOpen(): boolean {
    return this.#ledger.isOpen(this);
  }

  close(): void {
    this.#ledger.close(this, 'audio');
  }
}

/** `EncodedVideoChunk` and `EncodedAudioChunk`. */
export class SimulatedChunk {
  constructor(
    private readonly data: Uint8Array,
    readonly type: 'key' | 'delta',
    readonly timestamp: number,
    readonly duration: number | null,
  ) {}

  get byteLength(): number {
    return this.data.byteLength;
  }

  copyTo(into: Uint8Array): void {
    into.set(this.data);
  }
}
