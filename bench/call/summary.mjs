/** What the runs come to: medians, spreads, and whether a difference is more than chance. Pure. */
import { median, round, spreadOf } from '../lib/numbers.mjs';

/**
 * @typedef {import('./run.mjs').Run & { round: number, waited: number, disturbed: boolean }} OneRun
 * @typedef {import('./modes.mjs').Mode} Mode
 * @typedef {import('../lib/numbers.mjs').Spread} Spread
 * @typedef {{ name: string, label: string, runs: number, values: Record<string, Spread>, encoded: Record<string, number> }} ModeSummary
 */

/** What is told of each run; the digits that are worth telling, and the unit. */
export const VALUES = /** @type {const} */ ({
  cpu: [4, 'processor seconds a second'],
  adds: [4, 'processor seconds a second more than the same call without'],
  mainThread: [4, 'seconds of tasks a second'],
  mainThreadCpu: [4, 'processor seconds a second'],
  recordingMs: [3, 'processor ms of workers and encoders a frame decoded'],
  framesSent: [2, 'a second'],
  framesDecoded: [2, 'a second'],
  bitrateSent: [0, 'bit/s'],
  bitrateReceived: [0, 'bit/s'],
  width: [0, 'pixels'],
  height: [0, 'pixels'],
  encodeMs: [2, 'ms a frame'],
  sendDelayMs: [3, 'ms a packet'],
  decodeMs: [2, 'ms a frame'],
  jitterBufferMs: [2, 'ms a frame'],
  processingMs: [2, 'ms a frame'],
  roundTripMs: [2, 'ms'],
  freezes: [0, 'in a run'],
  framesDropped: [0, 'in a run'],
  packetsLost: [0, 'in a run'],
  others: [3, 'processors'],
});

/** @typedef {keyof typeof VALUES} ValueName */

/**
 * Processor time of the threads that recording is done on, for each frame of the call: dedicated workers, and the pool that
 * encoders run on. Of a call that others on the machine slow down, it tells more than time a second does. Milliseconds.
 *
 * @param {OneRun} run
 */
export const recordingMsOf = ({ threads, call }) =>
  (1_000 * ((threads['renderer: DedicatedWorker'] ?? 0) + (threads['renderer: ThreadPoolForeg'] ?? 0))) /
  Math.max(1, call.framesDecoded);

/** @param {OneRun} run @returns {Record<ValueName, number>} */
const valuesOf = run => ({ recordingMs: recordingMsOf(run), ...othersOf(run) });

/** @param {OneRun} run */
const othersOf = ({ cpu, adds, mainThread, threads, call, others }) => ({
  ...{ cpu, adds, mainThread, mainThreadCpu: threads['renderer: main'] ?? 0, others },
  ...{ framesSent: call.framesSent, framesDecoded: call.framesDecoded, framesDropped: call.framesDropped },
  ...{ bitrateSent: call.bitrateSent, bitrateReceived: call.bitrateReceived },
  ...{ width: call.width, height: call.height, freezes: call.freezes, packetsLost: call.packetsLost },
  ...{ encodeMs: call.encodeMs, sendDelayMs: call.sendDelayMs, decodeMs: call.decodeMs },
  ...{ jitterBufferMs: call.jitterBufferMs, processingMs: call.processingMs, roundTripMs: call.roundTripMs },
});

/** Medians of what each thread took, of those that took anything to speak of. @param {readonly OneRun[]} runs */
const threadsOf = runs => {
  const names = new Set(runs.flatMap(({ threads }) => Object.keys(threads)));
  return Object.fromEntries(
    [...names]
      .map(
        name =>
          /** @type {const} */ ([name, round(median(runs.map(({ threads }) => threads[name] ?? 0)), 4)]),
      )
      .filter(([, seconds]) => seconds >= 0.001)
      .sort(([, a], [, b]) => b - a),
  );
};

/** @param {readonly Mode[]} modes @param {readonly OneRun[]} runs */
export const summarize = (modes, runs) =>
  modes.map(({ name, label }) => {
    const own = runs.filter(({ mode }) => mode === name);
    const values = /** @type {Record<ValueName, Spread>} */ (
      Object.fromEntries(
        Object.entries(VALUES).map(([value, [digits]]) => [
          value,
          spreadOf(
            own.map(run => valuesOf(run)[/** @type {ValueName} */ (value)]),
            digits,
          ),
        ]),
      )
    );
    return { name, label, runs: own.length, values, threads: threadsOf(own) };
  });

/** What a tap takes that nobody listens to, beyond the call alone: of other browsers, as a call is tapped once and for all. @param {readonly OneRun[]} runs */
export const tapTakes = runs => {
  /** @param {OneRun} run */
  const mean = ({ turns }) => turns.reduce((sum, cpu) => sum + cpu, 0) / turns.length;
  /** @param {string} mode */
  const middle = mode => median(runs.filter(run => run.mode === mode).map(mean));
  return runs.some(run => run.mode === 'tapped') ? middle('tapped') - middle('alone') : 0;
};

/** What a call must not notice. @type {readonly ValueName[]} */
export const CALL_VALUES = [
  'framesSent',
  'framesDecoded',
  'bitrateReceived',
  'sendDelayMs',
  'jitterBufferMs',
  'processingMs',
  'roundTripMs',
];

/**
 * Whether a mode's median lies within what the call alone came to in one round or another.
 *
 * @param {Record<ValueName, Spread>} alone
 * @param {Record<ValueName, Spread>} mode
 */
export const withinNoise = (alone, mode) =>
  Object.fromEntries(
    CALL_VALUES.map(name => [
      name,
      mode[name].median >= alone[name].least && mode[name].median <= alone[name].most,
    ]),
  );
