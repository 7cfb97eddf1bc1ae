/**
 * Flashes and beeps at the same moments, from one clock: what a frame or a piece of audio holds follows from its
 * number alone, so that the test's own lateness can't part them.
 */
import { beeps, SignalSource, videoTrack } from './signal.ts';
import { makeFrame, until } from './source.ts';

const FRAME_RATE = 30;
/** Frames that a flash lasts. */
const FLASH = 2;

/** In the middle of each second, so that none lies on a cut at a whole second. */
const isFlash = (frame: number): boolean => {
  const inSecond = frame % FRAME_RATE;
  return inSecond >= FRAME_RATE / 2 && inSecond < FRAME_RATE / 2 + FLASH;
};

/** The usual test frame, white below its counter. */
const flashFrame = async (
  frame: number,
  timestamp: number,
  size: { width: number; height: number },
): Promise<VideoFrame> => {
  const dark = makeFrame(frame, timestamp, size);
  if (!isFlash(frame)) return dark;
  const data = new Uint8Array(dark.allocationSize());
  const layout = await dark.copyTo(data);
  const { offset = 0, stride = size.width } = layout[0] ?? {};
  data.fill(235, offset + stride * Math.ceil(size.height * 0.35), offset + stride * size.height);
  const { format, colorSpace } = dark;
  dark.close();
  return new VideoFrame(data, {
    format: format ?? 'I420',
    codedWidth: size.width,
    codedHeight: size.height,
    timestamp,
    colorSpace: colorSpace.toJSON(),
    layout,
  });
};

/** A flash and a beep in the middle of each second, in real time. */
export class FlashBeepSource {
  readonly #video = videoTrack();
  readonly #frames = this.#video.writable.getWriter();
  readonly #audio: SignalSource;
  readonly #lateness: number;
  #begin: number | undefined;
  #frameCount = 0;

  /**
   * @param audioBase microseconds by which the audio's timestamps are ahead of the video's.
   * @param lateness milliseconds after its first sample's moment that a piece is written: 0, as if it could be given
   * away before it is heard; 10, as a microphone does it, when its last sample has come.
   */
  constructor({ audioBase = 0, lateness = 0 } = {}) {
    this.#audio = new SignalSource(beeps(1, 0.5, 0.06), { base: audioBase });
    this.#lateness = lateness;
  }

  get stream(): MediaStream {
    return new MediaStream([this.#video, this.#audio.track]);
  }

  /** Feeds so many seconds of both. */
  async feed(seconds: number, size: { width: number; height: number }): Promise<void> {
    this.#begin ??= performance.now();
    const end = this.#frameCount + Math.round(seconds * FRAME_RATE);
    while (this.#frameCount < end) {
      const frameAt = (this.#frameCount * 1000) / FRAME_RATE;
      const pieceAt = this.#audio.pieces * 10 + this.#lateness;
      await until(this.#begin + Math.min(frameAt, pieceAt));
      if (pieceAt <= frameAt) await this.#audio.writePiece();
      else {
        const timestamp = Math.round((this.#frameCount * 1e6) / FRAME_RATE);
        await this.#frames.write(await flashFrame(this.#frameCount, timestamp, size));
        this.#frameCount++;
      }
    }
  }
}
