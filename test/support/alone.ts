/**
 * Test files of one project share a process and their modules, which takes half the time of a process for each. What one of them has put
 * into the global scope is gone before the next.
 */
import { afterAll, vi } from 'vitest';

const before = new Set(Reflect.ownKeys(globalThis));

afterAll(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
  for (const key of Reflect.ownKeys(globalThis))
    if (!before.has(key)) Reflect.deleteProperty(globalThis, key);
});
