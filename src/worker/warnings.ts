/** Warnings, told at once and then at most once a second for each code, with the newest count. */
import type { RecorderEvents, WarningCode } from '../events.ts';

const INTERVAL = 1_000;

type Warning = RecorderEvents['warning'];

export class Warnings {
  #counts = new Map<WarningCode, number>();
  #toldAt = new Map<WarningCode, number>();
  #waiting = new Map<WarningCode, Warning>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly tell: (warning: Warning) => void) {}

  /** @param count since the start; default: how often this was called for the code. */
  warn(code: WarningCode, message: string, count?: number): void {
    const calls = (this.#counts.get(code) ?? 0) + 1;
    this.#counts.set(code, calls);
    const warning = { code, message, count: count ?? calls };
    const toldAt = this.#toldAt.get(code);
    if (toldAt === undefined || performance.now() - toldAt >= INTERVAL) return this.#tellNow(warning);
    this.#waiting.set(code, warning);
    this.#timer ??= setTimeout(() => this.flush(), INTERVAL);
  }

  #tellNow(warning: Warning): void {
    this.#toldAt.set(warning.code, performance.now());
    this.tell(warning);
  }

  /** Tells what waits. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const warning of this.#waiting.values()) this.#tellNow(warning);
    this.#waiting.clear();
  }
}
