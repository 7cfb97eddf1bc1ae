/** What the runs come to. Pure. */
import { median, ratioBeyond, spreadOf } from '../lib/numbers.mjs';

/**
 * @typedef {import('./data.ts').Data} Data
 * @typedef {import('./data.ts').LoadRun} LoadRun
 * @typedef {import('../lib/numbers.mjs').Spread} Spread
 */

/** @template {{ mode: string }} Run @param {readonly Run[]} runs @param {string} mode */
export const ofMode = (runs, mode) => runs.filter(run => run.mode === mode);

/** Those that there is something of, in the order in which they are compared. @param {Data} data @param {readonly { mode: string }[]} runs */
export const modesOf = ({ modes }, runs) => modes.filter(name => runs.some(({ mode }) => mode === name));

/**
 * @template {{ mode: string }} Run
 * @param {readonly Run[]} runs
 * @param {string} mode
 * @param {(run: Run) => number | readonly number[]} of
 * @returns {Spread | undefined} of no runs, nothing
 */
export const spread = (runs, mode, of) => {
  const values = ofMode(runs, mode).flatMap(of);
  return values.length === 0 ? undefined : spreadOf(values);
};

/**
 * In each round, what a mode takes beyond the idle page.
 *
 * @param {readonly LoadRun[]} runs
 * @param {string} mode
 * @param {(run: LoadRun) => number} of
 * @returns {Spread | undefined}
 */
export const beyondIdle = (runs, mode, of) => {
  const values = ofMode(runs, mode).map(run => {
    const idle = ofMode(runs, 'idle').filter(({ round }) => round === run.round);
    return of(run) - (idle.length > 0 ? median(idle.map(of)) : 0);
  });
  return values.length === 0 ? undefined : spreadOf(values);
};

/**
 * Processor time beyond the idle page's, as a part of another's.
 *
 * @param {readonly LoadRun[]} runs
 * @param {string} mode
 * @param {string} other
 * @returns {Spread | undefined} the median is that of the medians
 */
export const cpuRatio = (runs, mode, other) => {
  if ([mode, other, 'idle'].some(name => ofMode(runs, name).length === 0)) return undefined;
  const { ofMedians, perRound } = ratioBeyond(runs, 'idle', mode, other, run => run.cpu);
  const known = perRound.filter(Number.isFinite);
  return { median: ofMedians, least: Math.min(...known), most: Math.max(...known) };
};

/** Recordings of each length, shortest first, that `stop` was timed of. @param {Data} data */
export const stopsOf = ({ load, blocked, long, settings }) =>
  [blocked, load.filter(({ round }) => round === settings.rounds), long]
    .filter(runs => runs.length > 0)
    .map(runs => ({ length: Math.max(...runs.map(({ length }) => length)), runs: [...runs] }))
    .sort((one, other) => one.length - other.length);

/**
 * @typedef {{ what: string, target: string, got: string, reached: boolean | undefined }} Verdict
 *
 * @param {string} what
 * @param {string} target
 * @param {Spread | undefined} value
 * @param {{ most?: number, below?: number, least?: number, digits?: number, unit?: string }} limit of the median
 * @returns {Verdict}
 */
const verdict = (what, target, value, { most, below, least, digits = 0, unit = '' }) => {
  if (value === undefined) return { what, target, got: 'not measured', reached: undefined };
  // As it is told, so that a reader sees why.
  const shown = Number(value.median.toFixed(digits));
  const isOver = (most !== undefined && shown > most) || (below !== undefined && shown >= below);
  const isUnder = least !== undefined && shown < least;
  const format = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  const got = `${shown.toLocaleString('en-US', format)}${unit}`;
  return { what, target, got, reached: !isOver && !isUnder };
};

/** @param {number | undefined} value @returns {Spread | undefined} */
const exactly = value => (value === undefined ? undefined : { median: value, least: value, most: value });

const OWN = 'steadyreel';

/** @param {Data} data @returns {Verdict[]} */
const loadVerdicts = ({ load, hd }) => {
  const main = beyondIdle(load, OWN, run => run.mainMs);
  const ratio = (/** @type {readonly LoadRun[]} */ runs, /** @type {string} */ other) =>
    cpuRatio(runs, OWN, other);
  const lost = (/** @type {readonly LoadRun[]} */ runs, /** @type {string} */ mode) => {
    const value = spread(runs, mode, run => run.lost);
    return value && exactly(value.most);
  };
  const times = { digits: 2, unit: ' x' };
  return [
    verdict('main thread, 720p30, a recorded second', 'at most 0.3 ms', main, {
      most: 0.3,
      digits: 1,
      unit: ' ms',
    }),
    verdict('processor, 720p30, of the floor', 'at most 1.05 x', ratio(load, 'floor'), {
      most: 1.05,
      ...times,
    }),
    verdict('processor, 720p30, of MediaRecorder', 'at most 1.2 x', ratio(load, 'media-recorder'), {
      most: 1.2,
      ...times,
    }),
    verdict('processor, 1080p30, of the floor', 'at most 1.05 x', ratio(hd, 'floor'), {
      most: 1.05,
      ...times,
    }),
    verdict('processor, 1080p30, of MediaRecorder', 'at most 1.2 x', ratio(hd, 'media-recorder'), {
      most: 1.2,
      ...times,
    }),
    verdict('frames lost at 720p30, most in a run', '0', lost(load, OWN), { most: 0 }),
    verdict('frames lost at 1080p30, most in a run', "the floor's at most", lost(hd, OWN), {
      most: lost(hd, 'floor')?.median ?? 0,
    }),
  ];
};

/** By how much longer it takes to stop the longest recording than the shortest. @param {Data} data */
const stopGrowth = data => {
  const medians = stopsOf(data).flatMap(({ runs }) => spread(runs, OWN, run => run.stopMs)?.median ?? []);
  // Where there are some, the shortest are those that were stopped at any moment between two uploads.
  const shortest = spread(data.stops ?? [], OWN, run => run.stopMs)?.median ?? medians.shift();
  const longest = medians.at(-1);
  return shortest === undefined || longest === undefined ? undefined : longest - shortest;
};

/** Bytes that were more in the end than after the first five minutes, in which code and caches come. @param {Data} data */
const hourGrowth = ({ hour }) => {
  const [, ...later] = hour;
  return later.length === 0 ? undefined : Math.max(...later) - Math.min(...later);
};

/** @param {Data} data @returns {Verdict[]} */
const lengthVerdicts = data => {
  const growth = hourGrowth(data);
  return [
    verdict(
      'stop to durable, longest recording less the shortest',
      'flat: at most 100 ms',
      exactly(stopGrowth(data)),
      {
        ...{ most: 100, unit: ' ms' },
      },
    ),
    verdict(
      'memory of the worker, over an hour of packets',
      'flat: at most 10 MB',
      exactly(growth && growth / 1e6),
      {
        ...{ most: 10, digits: 1, unit: ' MB' },
      },
    ),
  ];
};

/** @param {Data} data */
export const verdicts = data => {
  const { changes, blocked, sizes, mux, starts } = data;
  const size = (/** @type {string} */ name) => exactly(sizes.find(one => one.name === name)?.bytes);
  const [own, theirs] = [OWN, 'mediabunny'].map(name => spread(mux, name, run => run.packetsPerSecond));
  const lost = (/** @type {Data['changes'] | Data['blocked']} */ runs) => {
    const value = spread(/** @type {Data['blocked']} */ (runs), OWN, run => run.lost);
    return value && exactly(value.most);
  };
  return [
    ...loadVerdicts(data),
    verdict(`frames lost or undecodable at ${data.settings.changes} changes`, '0', lost(changes), {
      most: 0,
    }),
    verdict(
      `frames lost while the main thread is blocked for ${data.settings.blocked} s`,
      '0',
      lost(blocked),
      { most: 0 },
    ),
    ...lengthVerdicts(data),
    verdict('script tag, gzipped', 'at most 60,000 bytes', size('script-tag'), {
      most: 60_000,
      unit: ' bytes',
    }),
    verdict('import of Recorder and tus with the worker, gzipped', 'at most 50,000 bytes', size('both'), {
      most: 50_000,
      unit: ' bytes',
    }),
    verdict(
      'packets a second through the muxer, of mediabunny',
      'at least 1 x',
      own && theirs && exactly(own.median / theirs.median),
      {
        ...{ least: 1, digits: 2, unit: ' x' },
      },
    ),
    verdict(
      'start to first frame in the file, warm',
      'under 150 ms',
      spread(starts, OWN, run => run.firstMs),
      {
        ...{ below: 150, unit: ' ms' },
      },
    ),
    verdict(
      'start until it says that it runs, warm',
      'under 150 ms',
      spread(starts, OWN, run => run.saidMs),
      {
        ...{ below: 150, unit: ' ms' },
      },
    ),
    verdict(
      'changed frame to first byte of its file',
      'under 50 ms',
      spread(changes, OWN, run => run.cutMs),
      { below: 50, unit: ' ms' },
    ),
  ];
};
