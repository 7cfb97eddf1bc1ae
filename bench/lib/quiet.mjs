/** A machine that has nothing else to do, and an order that favours nobody. */
import { setTimeout as sleep } from 'node:timers/promises';
import { busySeconds } from './machine.mjs';

/** Processors that others may take, before a run and during it. */
export const QUIET = 0.15;

/** Waits until others leave the processors alone, or long enough. @param {number} most seconds @returns seconds waited */
export const quiet = async most => {
  const began = performance.now();
  for (;;) {
    const [at, busy] = [performance.now(), busySeconds()];
    await sleep(3_000);
    const others = (1_000 * (busySeconds() - busy)) / (performance.now() - at);
    const waited = (performance.now() - began) / 1_000;
    if (others < QUIET || waited > most) return waited;
  }
};
