/** Questions of the worker to the page, for what only the page can do. */
import { StorageCallbackError } from '../errors.ts';
import type { PageCall } from '../storage/storage.ts';
import type { Answer, FromWorker } from './protocol.ts';

interface Waiting {
  call: PageCall;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

export class Asks {
  #waiting = new Map<number, Waiting>();
  #lastId = 0;

  constructor(private readonly send: (message: FromWorker, transfer?: Transferable[]) => void) {}

  /** Resolves with the page's answer. @throws StorageCallbackError when the page's function threw. */
  ask(call: PageCall): Promise<unknown> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { call, resolve, reject });
      // The bytes are the page's from then on.
      this.send({ type: 'ask', id, call }, call.name === 'write' ? [call.bytes.buffer] : []);
    });
  }

  answer(id: number, answer: Answer): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (!waiting) return;
    if ('error' in answer) waiting.reject(new StorageCallbackError(waiting.call.name, answer.error));
    else waiting.resolve(answer.value);
  }
}
