/**
 * One lock per upload. Waiting requests queue up, where the tus server's own lock asks again on every turn
 * of the event loop. Locks are kept by absolute path for the whole process, so that two handlers on one
 * folder share them.
 */
import type { Lock, Locker, RequestRelease } from '@tus/server';
import { locked } from './errors.ts';

interface Waiting {
  askToRelease: RequestRelease;
  grant: () => void;
}

interface Held {
  askToRelease: RequestRelease;
  queue: Waiting[];
}

const MAX_WAIT_MS = 10_000;
const held = new Map<string, Held>();

/** Resolves when it is this one's turn. */
const waitIn = (queue: Waiting[], signal: AbortSignal, askToRelease: RequestRelease): Promise<void> =>
  new Promise((resolve, reject) => {
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
    };
    const giveUp = (): void => {
      settle();
      queue.splice(queue.indexOf(waiting), 1);
      reject(locked());
    };
    const timer = setTimeout(giveUp, MAX_WAIT_MS);
    const waiting = {
      askToRelease,
      grant: () => {
        settle();
        resolve();
      },
    };
    signal.addEventListener('abort', giveUp, { once: true });
    queue.push(waiting);
  });

const acquire = async (path: string, signal: AbortSignal, askToRelease: RequestRelease): Promise<void> => {
  if (signal.aborted) throw locked();
  const current = held.get(path);
  if (current === undefined) {
    held.set(path, { askToRelease, queue: [] });
    return;
  }
  void current.askToRelease();
  await waitIn(current.queue, signal, askToRelease);
};

const release = (path: string): void => {
  const current = held.get(path);
  const next = current?.queue.shift();
  if (current === undefined || next === undefined) {
    held.delete(path);
    return;
  }
  current.askToRelease = next.askToRelease;
  next.grant();
  if (current.queue.length > 0) void current.askToRelease();
};

/** Locks for the uploads below a folder. */
export class UploadLocker implements Locker {
  constructor(private readonly root: string) {}

  newLock(id: string): Lock {
    const path = `${this.root}/${id}`;
    return {
      lock: (signal, askToRelease) => acquire(path, signal, askToRelease),
      unlock: async () => release(path),
    };
  }

  /** Runs `work` while nobody uploads to any of the ids. `ids` are taken in order. */
  async during<T>(ids: readonly string[], signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const taken: Lock[] = [];
    try {
      for (const id of [...ids].sort()) {
        const lock = this.newLock(id);
        await lock.lock(signal, () => undefined);
        taken.push(lock);
      }
      return await work();
    } finally {
      for (const lock of taken) await lock.unlock();
    }
  }
}
