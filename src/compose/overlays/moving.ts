/** The newest frame of another stream: what a picture in the picture shows. */

export class MovingPicture {
  readonly #reader: ReadableStreamDefaultReader<VideoFrame>;
  #latest: VideoFrame | undefined;
  #count = 0;
  #closed = false;

  /** @param onEnd the stream has ended by itself. Must not throw. */
  constructor(
    readable: ReadableStream<VideoFrame>,
    private readonly onEnd: () => void,
  ) {
    this.#reader = readable.getReader();
    void this.#read();
  }

  async #read(): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await this.#reader.read();
        if (done) break;
        this.#latest?.close();
        this.#latest = this.#closed ? undefined : value;
        if (this.#closed) value.close();
        this.#count++;
      }
    } catch {
      // A stream that breaks has ended, whatever the cause.
    }
    if (!this.#closed) this.onEnd();
    this.close();
  }

  /** The frame that came last, which stays open here; `undefined` before the first and after the end. */
  get latest(): VideoFrame | undefined {
    return this.#latest;
  }

  /** How many have come: tells one from the next. */
  get count(): number {
    return this.#count;
  }

  /** Lets the stream and the frame go. */
  close(): void {
    this.#latest?.close();
    this.#latest = undefined;
    if (this.#closed) return;
    this.#closed = true;
    void this.#reader.cancel().catch(() => undefined);
  }
}
