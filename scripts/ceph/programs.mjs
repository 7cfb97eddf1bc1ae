/** Programs that are started, waited for, and ended by their process id: those, and no others. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { which } from '../lib/paths.mjs';

/** @param {number} ms @returns {Promise<void>} */
const pause = ms => new Promise(resolve => setTimeout(resolve, ms));

/**
 * Waits until a condition holds.
 *
 * @param {() => boolean | Promise<boolean>} holds
 * @param {{ what: string, seconds?: number, program?: Program }} options `program`: whose end makes waiting useless.
 */
export const waitUntil = async (holds, { what, seconds = 60, program }) => {
  for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline; await pause(50)) {
    if (await holds()) return;
    if (program && !program.isRunning) throw new Error(`${program.name} has ended: ${program.lastWords()}`);
  }
  throw new Error(`Waited ${seconds} s in vain for: ${what}. ${program?.lastWords() ?? ''}`.trim());
};

/** A program that runs until it is ended. */
export class Program {
  /**
   * @param {string} name
   * @param {string} command
   * @param {readonly string[]} args
   * @param {{ env: NodeJS.ProcessEnv, log: string }} options `log`: file for its output.
   */
  constructor(name, command, args, { env, log }) {
    this.name = name;
    this.log = log;
    const output = openSync(log, 'a');
    // The kernel ends it when this process dies, however it dies; a killed test run leaves nothing behind.
    const leash = which('setpriv');
    const words = leash === undefined ? [command, ...args] : [leash, '--pdeathsig', 'KILL', command, ...args];
    const [first = command, ...rest] = words;
    this.child = spawn(first, rest, { env, stdio: ['ignore', output, output] });
    closeSync(output);
    /** @type {Error | undefined} */
    this.failure = undefined;
    this.child.on('error', error => {
      this.failure = error;
    });
    // It must not keep the process alive when all else is done.
    this.child.unref();
  }

  get isRunning() {
    const { exitCode, signalCode } = this.child;
    return this.failure === undefined && exitCode === null && signalCode === null;
  }

  /** Ends it at once. What it had in memory is lost, as in a power cut. */
  async kill() {
    if (!this.isRunning) return;
    const ended = once(this.child, 'exit');
    this.child.ref();
    this.child.kill('SIGKILL');
    await ended;
  }

  /** The end of its output, for messages of errors. */
  lastWords() {
    if (this.failure) return this.failure.message;
    const text = existsSync(this.log) ? readFileSync(this.log, 'utf8') : '';
    return text.trim().split('\n').slice(-5).join('\n');
  }
}
