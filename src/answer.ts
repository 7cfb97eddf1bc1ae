/** The page's side of the worker's questions. */
import type { PageCall, Storage } from './storage/storage.ts';
import type { ToWorker } from './worker/protocol.ts';

/** Lets the storage answer, and tells the worker what came of it. */
export const answer = async (
  storage: Storage,
  { id, call }: { id: number; call: PageCall },
  post: (message: ToWorker) => void,
): Promise<void> => {
  try {
    post({ type: 'answer', id, value: await storage.answer?.(call) });
  } catch (error) {
    post({ type: 'answer', id, error: error instanceof Error ? error.message : String(error) });
  }
};
