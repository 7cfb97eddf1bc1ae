/** Child processes. */
import { spawn, spawnSync } from 'node:child_process';
import { basename } from 'node:path';
import { ROOT } from './paths.mjs';

/** A command ended with something other than 0. */
export class CommandError extends Error {
  /**
   * @param {string} command
   * @param {number | null} code
   * @param {NodeJS.Signals | null} signal
   */
  constructor(command, code, signal) {
    super(`${command} ended with ${signal ?? `code ${code}`}`);
    this.name = 'CommandError';
    this.exitCode = code ?? 1;
  }
}

/**
 * Runs a command in the repository's root, its output on this terminal.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, quiet?: boolean }} [options] `quiet` shows the output only when it fails.
 * @returns {Promise<void>}
 */
export const run = (command, args, options = {}) =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: ROOT,
      env: { ...process.env, ...options.env },
      stdio: options.quiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
    });
    /** @type {Buffer[]} */
    const kept = [];
    child.stdout?.on('data', data => kept.push(data));
    child.stderr?.on('data', data => kept.push(data));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) return resolve();
      process.stderr.write(Buffer.concat(kept));
      reject(new CommandError([basename(command), ...args].join(' '), code, signal));
    });
  });

/**
 * True when a command can be run and ends with 0. Its output is not shown.
 *
 * @param {string} command
 * @param {readonly string[]} args
 */
export const succeeds = (command, args) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;
