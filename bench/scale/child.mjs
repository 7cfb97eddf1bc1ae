/** A process that is asked by messages. */
import { fork } from 'node:child_process';

export class Child {
  /** @param {string} script */
  constructor(script) {
    this.process = fork(script, { serialization: 'advanced' });
    /** @type {Map<string, { resolve: (message: any) => void, reject: (error: Error) => void }[]>} */
    this.waiting = new Map();
    this.process.on('message', (/** @type {{ type: string }} */ message) => {
      this.waiting.get(message.type)?.shift()?.resolve(message);
    });
    this.process.on('exit', code => {
      const error = new Error(`${script} has ended (${code}).`);
      for (const waiter of [...this.waiting.values()].flat()) waiter.reject(error);
    });
  }

  get pid() {
    return this.process.pid ?? 0;
  }

  /** @param {import('node:child_process').Serializable} message */
  send(message) {
    this.process.send(message);
  }

  /** The next answer of a type. @param {string} type @returns {Promise<any>} */
  next(type) {
    return new Promise((resolve, reject) => {
      const waiters = this.waiting.get(type) ?? [];
      waiters.push({ resolve, reject });
      this.waiting.set(type, waiters);
    });
  }

  /** @param {string} type @returns {Promise<any>} */
  ask(type) {
    const answer = this.next(type);
    this.send(type);
    return answer;
  }

  end() {
    if (this.process.exitCode === null) this.process.kill('SIGKILL');
  }
}
