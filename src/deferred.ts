/** Promises that are settled from outside. */

/** A promise and the means to settle it. */
export interface Deferred<T> {
  promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

/** A promise that nobody has to wait for: an unheeded rejection is not reported. */
export const deferred = <T>(): Deferred<T> => {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  // Whoever waits gets the error; nobody has to wait.
  promise.catch(() => undefined);
  return { promise, resolve, reject };
};
