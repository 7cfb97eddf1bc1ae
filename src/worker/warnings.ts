/** Warnings, told at once and then at most once a second for each code, with the newest count. */
import type { Told, WarningCode } from '../events.ts';

const INTERVAL = 1_000;

type Warning = Told<'warning'>;

export class Warnings {
  #counts = new Map<WarningCode, number>();
  #toldAt = new Map<WarningCode, number>();
  #waiting = new Map<WarningCode, Warning>();
  #timers = new Map<WarningCode, ReturnType<typeof setTimeout>>();

  constructor(private readonly tell: (warning: Warning) => void) {}

  /** @param count since the start; default: how often this was called for the code. */
  warn(code: WarningCode, message: string, count?: number): void {
    const calls = (this.#counts.get(code) ?? 0) + 1;
    this.#counts.set(code, calls);
    const warning = { code, message, count: count ?? calls };
    const toldAt = this.#toldAt.get(code);
    this.#waiting.set(code, warning);
    const left = toldAt === undefined ? 0 : toldAt + INTERVAL - performance.now();
    if (left <= 0) return this.#tellNow(code);
    if (!this.#timers.has(code))
      this.#timers.set(
        code,
        setTimeout(() => this.#tellNow(code), left),
      );
  }

  #tellNow(code: WarningCode): void {
    clearTimeout(this.#timers.get(code));
    this.#timers.delete(code);
    const warning = this.#waiting.get(code);
    this.#waiting.delete(code);
    if (!warning) return;
    this.#toldAt.set(code, performance.now());
    this.tell(warning);
  }

  /** Tells what waits. */
  flush(): void {
    for (const code of [...this.#waiting.keys()]) this.#tellNow(code);
  }
}
