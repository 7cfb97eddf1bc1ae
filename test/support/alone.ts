/**
 * Test files of one project share a process, which takes half the time of a process for each. What one of them has put into the global
 * scope is gone before the next, and so are its modules: those that were loaded with another file's mocks or classes would go on with them.
 */
import { afterAll, vi } from 'vitest';

vi.resetModules();

const before = new Set(Reflect.ownKeys(globalThis));

afterAll(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
  for (const key of Reflect.ownKeys(globalThis))
    if (!before.has(key)) Reflect.deleteProperty(globalThis, key);
});
