/**
 * Replaces the browser's encoders by ones that fail in flight, as an encoder does that the browser reclaims or whose
 * hardware is lost. The query of the worker's address says which:
 *
 * - `kind`: `video` or `audio`.
 * - `codec`: how the codec string begins; without it, every codec.
 * - `at`: the number of the frame, from 1, after which the first such encoder fails; behind commas, that of the next ones.
 * - `forever`: all that follow fail as the last one did.
 * - `holds`: so many frames before it fails, an encoder begins to keep what it is given.
 *
 * Every encoder that is configured is told of on the `BroadcastChannel` that `tell` names.
 */

const query = new URLSearchParams(self.location.search);
const failures = (query.get('at') ?? '').split(',').map(Number);
const holds = Number(query.get('holds') ?? 0);
const channel = new BroadcastChannel(query.get('tell') ?? 'encoders');

/** An encoder that was configured. */
export interface ToldEncoder {
  codec: string;
  hardwareAcceleration: string | undefined;
}

/** The number of the frame after which this encoder fails. */
const nextFailure = (kind: 'video' | 'audio', codec: string): number => {
  if (kind !== query.get('kind') || !codec.startsWith(query.get('codec') ?? ''))
    return Number.POSITIVE_INFINITY;
  const at = query.has('forever') && failures.length === 1 ? failures[0] : failures.shift();
  return at ?? Number.POSITIVE_INFINITY;
};

/** Counts what goes into an encoder, and ends it: what is inside is lost, and it hears of it a moment later. */
class Fate {
  failAt = Number.POSITIVE_INFINITY;
  #count = 0;

  constructor(
    private readonly encoder: { close(): void },
    private readonly onError: (error: DOMException) => void,
  ) {}

  /** Takes a frame; `encode` hands it on. */
  take(encode: () => void): void {
    this.#count++;
    if (this.#count <= this.failAt - holds) encode();
    if (this.#count !== this.failAt) return;
    this.encoder.close();
    setTimeout(() => this.onError(new DOMException('The codec was reclaimed.', 'QuotaExceededError')));
  }
}

class FailingVideoEncoder extends VideoEncoder {
  readonly #fate: Fate;

  constructor(init: VideoEncoderInit) {
    super(init);
    this.#fate = new Fate(this, init.error);
  }

  override configure(config: VideoEncoderConfig): void {
    super.configure(config);
    this.#fate.failAt = nextFailure('video', config.codec);
    channel.postMessage({ codec: config.codec, hardwareAcceleration: config.hardwareAcceleration });
  }

  override encode(frame: VideoFrame, options?: VideoEncoderEncodeOptions): void {
    this.#fate.take(() => super.encode(frame, options));
  }
}

class FailingAudioEncoder extends AudioEncoder {
  readonly #fate: Fate;

  constructor(init: AudioEncoderInit) {
    super(init);
    this.#fate = new Fate(this, init.error);
  }

  override configure(config: AudioEncoderConfig): void {
    super.configure(config);
    this.#fate.failAt = nextFailure('audio', config.codec);
    channel.postMessage({ codec: config.codec, hardwareAcceleration: undefined });
  }

  override encode(data: AudioData): void {
    this.#fate.take(() => super.encode(data));
  }
}

self.VideoEncoder = FailingVideoEncoder;
self.AudioEncoder = FailingAudioEncoder;
