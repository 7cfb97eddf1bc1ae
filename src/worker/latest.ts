/** Writes something that changes: one write at a time, and when several are asked for meanwhile, one more. */
export class Latest {
  #writing: Promise<void> | undefined;
  #again = false;

  /** @param write writes it as it is then. Must not reject. */
  constructor(private readonly write: () => Promise<void>) {}

  /** It has changed. */
  update(): void {
    this.#again = true;
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
  }

  async #writeAll(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      await this.write();
    }
  }

  /** Resolves when it is written as it is now. */
  async settled(): Promise<void> {
    while (this.#writing) await this.#writing;
  }
}
