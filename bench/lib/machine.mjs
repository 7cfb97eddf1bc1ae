/** What Linux says of processes and of the machine. */
import { readdirSync, readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';

/** Ticks a second in /proc, on all Linux machines that Node runs on. */
const TICKS = 100;

/** Seconds of a processor that a process has used (proc(5), /proc/pid/stat: utime and stime). @param {number} pid */
export const cpuSeconds = pid => {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the program's name, in brackets, and may hold spaces.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
};

/** Processes that a process has started and that still run. @param {number} parent */
export const childrenOf = parent =>
  readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(pid => {
      try {
        const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
        return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]) === parent;
      } catch {
        // It has just ended.
        return false;
      }
    });

/** Bytes of a process that are in memory. @param {number} pid */
export const memoryOf = pid => {
  const [, kilobytes = '0'] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
};

/** Seconds that all processors together were busy since the machine started. */
export const busySeconds = () => {
  const [, ...fields] = (readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '').split(/\s+/).map(Number);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = fields;
  return (user + nice + system + irq + softirq) / TICKS;
};

/** Processes that ran or waited for a processor, over the last minute. */
export const loadOf = () => loadavg()[0] ?? 0;

export const machine = () => ({
  processor: cpus()[0]?.model ?? 'unknown',
  processors: cpus().length,
  memory: totalmem(),
  linux: release(),
  node: process.version,
});
