/** What Linux says of all processes of a browser. */
import { readdirSync, readFileSync } from 'node:fs';

/** Ticks a second in /proc, on all Linux machines that Node runs on. */
const TICKS = 100;

/**
 * @typedef {object} Use
 * @property {number} seconds of a processor, over all processes
 * @property {Record<string, number>} processes by what they are for
 * @property {Record<string, number>} threads by process and name; those that have ended are missing
 */

/** Fields of a stat file from the third on (proc(5)): the second is a name in brackets and may hold spaces. @param {string} path */
const read = path => {
  try {
    const text = readFileSync(path, 'utf8');
    const end = text.lastIndexOf(')');
    return {
      name: text.slice(text.indexOf('(') + 1, end),
      fields: text
        .slice(end + 2)
        .split(' ')
        .map(Number),
    };
  } catch {
    // It has just ended.
    return undefined;
  }
};

/** @param {readonly number[]} fields utime and stime are the 14th and 15th of all */
const secondsOf = fields => ((fields[11] ?? 0) + (fields[12] ?? 0)) / TICKS;

/** What a process of Chromium is for, as its command line says. @param {number} pid */
const purposeOf = pid => {
  try {
    const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    const [, type = 'browser'] = /--type=([\w-]+)/.exec(line) ?? [];
    const [, service] = /--utility-sub-type=([\w.]+)/.exec(line) ?? [];
    return service?.split('.').at(-1) ?? type;
  } catch {
    return 'ended';
  }
};

/** @param {Record<string, number>} counts @param {string} name @param {number} value */
const add = (counts, name, value) => {
  counts[name] = (counts[name] ?? 0) + value;
};

/** Of all processes of the machine. @returns {number[]} */
const allPids = () =>
  readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number);

/**
 * Bytes in memory of all processes of a group, what several of them share counted once (proc(5), smaps_rollup: Pss).
 *
 * @param {number} group
 */
export const memoryOfGroup = group => {
  let kilobytes = 0;
  for (const pid of allPids()) {
    if (read(`/proc/${pid}/stat`)?.fields[2] !== group) continue;
    try {
      const [, pss = '0'] = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')) ?? [];
      kilobytes += Number(pss);
    } catch {
      // It has just ended.
    }
  }
  return kilobytes * 1024;
};

/** All processes of a group, and what each of them has started, ended or not. @param {number} group @returns {Use} */
export const useOf = group => {
  /** @type {Use} */
  const use = { seconds: 0, processes: {}, threads: {} };
  for (const pid of allPids()) {
    const stat = read(`/proc/${pid}/stat`);
    if (stat?.fields[2] !== group) continue;
    const purpose = purposeOf(pid);
    // With those of its children that have ended and were waited for: the 16th and 17th.
    const seconds = secondsOf(stat.fields) + ((stat.fields[13] ?? 0) + (stat.fields[14] ?? 0)) / TICKS;
    use.seconds += seconds;
    add(use.processes, purpose, seconds);
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const one = read(`/proc/${pid}/task/${thread}/stat`);
      if (one)
        add(use.threads, `${purpose}: ${Number(thread) === pid ? 'main' : one.name}`, secondsOf(one.fields));
    }
  }
  return use;
};

/** What was used from one look to the next, per second. @param {Use} before @param {Use} after @param {number} seconds */
export const useBetween = (before, after, seconds) => {
  /** @param {Record<string, number>} was @param {Record<string, number>} is */
  const less = (was, is) =>
    Object.fromEntries(
      Object.entries(is)
        .map(
          ([name, value]) =>
            /** @type {const} */ ([name, Number(((value - (was[name] ?? 0)) / seconds).toFixed(4))]),
        )
        .filter(([, value]) => value > 0)
        .sort(([, a], [, b]) => b - a),
    );
  return {
    seconds: (after.seconds - before.seconds) / seconds,
    processes: less(before.processes, after.processes),
    threads: less(before.threads, after.threads),
  };
};
