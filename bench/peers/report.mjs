/** What was measured, as text and as charts. Pure. */
import { chart } from '../lib/chart.mjs';
import { round, table, told } from '../lib/numbers.mjs';
import { labelOf } from './modes.mjs';
import { RATE } from './plan.mjs';
import { beyondIdle, cpuRatio, modesOf, ofMode, spread, stopsOf } from './summary.mjs';
import { targets } from './targets.mjs';
import { threadsTable } from './threads.mjs';

/**
 * @typedef {import('./data.ts').Data} Data
 * @typedef {import('./data.ts').LoadRun} LoadRun
 * @typedef {import('../lib/numbers.mjs').Spread} Spread
 */

const MIB = 1024 ** 2;

/** @param {Spread | undefined} value */
const say = (value, digits = 1, factor = 1) => (value === undefined ? '' : told(value, digits, factor));

/** @param {number} value */
const grouped = value => value.toLocaleString('en-US');

/** @param {readonly (string | number)[][]} rows */
const tableOf = rows => (rows.length > 1 ? table(rows) : '');

/** @param {Data} data */
const machineText = ({ machine, settings, discarded, load, hd }) => {
  const { processors, processor, memory, linux, node, browser, packages, loadBefore, date } = machine;
  const disturbed = [...load, ...hd].filter(run => run.disturbed).length;
  return [
    tableOf([
      ['', ''],
      ['date', date],
      ['machine', `${processors} x ${processor}, ${round(memory / 1024 ** 3)} GiB, Linux ${linux}`],
      ['browser', browser],
      ['Node', node],
      [
        'packages',
        Object.entries(packages)
          .map(([name, version]) => `${name} ${version}`)
          .join(', '),
      ],
      [
        'load',
        `${settings.rounds} rounds of ${settings.seconds} s at 720p30 and ${round(settings.seconds / 3)} s at 1080p30, each after ${settings.warmUp} s`,
      ],
      ['load of the machine before', round(loadBefore, 2)],
      ['measured again, as others took the processors', discarded.length],
      ['disturbed all the same', `${disturbed} of ${load.length + hd.length}`],
    ]),
  ].join('\n');
};

/** Bits a second of a file. @param {LoadRun} run */
const bitrateOf = ({ bytes, expected }) => (8 * bytes * RATE) / expected;

/** @param {readonly LoadRun[]} runs @param {string} mode */
const loadCells = (runs, mode) => {
  if (mode === 'idle') return Array.from({ length: 7 }, () => '');
  const [main, cpu] = [beyondIdle(runs, mode, run => run.mainMs), beyondIdle(runs, mode, run => run.cpu)];
  const lost = spread(runs, mode, run => run.lost);
  const isKept = ofMode(runs, mode).some(({ bytes }) => bytes > 0);
  return [
    ...[say(main), say(cpu, 1, 100)],
    ...[say(cpuRatio(runs, mode, 'floor'), 2), say(cpuRatio(runs, mode, 'media-recorder'), 2)],
    say(lost, 0),
    isKept ? say(spread(runs, mode, bitrateOf), 2, 1e-6) : '',
    ofMode(runs, mode)[0]?.codecs ?? '',
  ];
};

/** @param {Data} data @param {readonly LoadRun[]} runs */
const loadTable = (data, runs) =>
  tableOf([
    [
      '',
      'main thread, ms a second',
      'all processes, % of one processor',
      'of the floor',
      'of MediaRecorder',
      'frames lost',
      'Mbit/s',
      'codecs',
    ],
    ...modesOf(data, runs).map(mode => [labelOf(mode), ...loadCells(runs, mode)]),
  ]);

/** @param {Data} data */
const idleText = ({ load }) => {
  const [main, cpu] = [spread(load, 'idle', run => run.mainMs), spread(load, 'idle', run => run.cpu)];
  return main && cpu
    ? `The idle page takes ${say(main)} ms a second of the main thread, and ${say(cpu, 1, 100)} % of a processor: it is subtracted.`
    : '';
};

/** @param {Data} data */
const changesTable = data =>
  tableOf([
    [
      '',
      'frames',
      'lost or undecodable',
      'shown in a wrong shape, way or colour',
      'files',
      "decoder's errors",
      'what it said',
    ],
    ...modesOf(data, data.changes).map(mode => {
      const [one] = ofMode(data.changes, mode);
      return [
        labelOf(mode),
        ...[one?.expected ?? '', one?.lost ?? '', one?.wrong ?? '', one?.files ?? '', one?.errors ?? ''],
        (one?.troubles[0] ?? '').replaceAll('|', '/').slice(0, 90),
      ];
    }),
  ]);

/** @param {Data} data */
const blockedTable = data =>
  tableOf([
    ['', 'frames', 'lost', 'longest gap, frames'],
    ...modesOf(data, data.blocked).map(mode => [
      labelOf(mode),
      say(
        spread(data.blocked, mode, run => run.expected),
        0,
      ),
      say(
        spread(data.blocked, mode, run => run.lost),
        0,
      ),
      say(
        spread(data.blocked, mode, run => run.longest),
        0,
      ),
    ]),
  ]);

/** @param {Data} data */
const longText = ({ long, longMade }) => {
  if (!longMade || long.length === 0) return '';
  const { date, together } = longMade;
  const lost = long
    .filter(({ mode }) => mode !== 'floor')
    .map(({ mode, lost: frames }) => `${labelOf(mode)} ${frames}`);
  return `The longest were made on ${date}, ${together} at a time. Frames that they lost: ${lost.join(', ')}.`;
};

/** @param {Data} data */
const momentsText = ({ stops = [], settings }) => {
  const took = spread(stops, 'steadyreel', run => run.stopMs);
  const unsent = spread(stops, 'steadyreel', run => run.unsent);
  if (!took || !unsent) return '';
  const last = Math.max(...stops.map(({ length }) => length));
  return `steadyreel uploads every two seconds; at any moment between two uploads, it takes as long: ${stops.length} recordings that were stopped after ${settings.stopsFrom} to ${last} s took ${say(took, 0)} ms, with ${say(unsent, 1, 1e-6)} MB still to be sent.`;
};

/** @param {Data} data */
const stopTable = data => {
  const stops = stopsOf(data);
  const recording = data.modes.filter(name => !['idle', 'floor'].includes(name));
  const seen = modesOf(
    { ...data, modes: recording },
    stops.flatMap(({ runs }) => runs),
  );
  const all = tableOf([
    ['', ...stops.flatMap(({ length }) => [`after ${length} s, ms`, 'of it still to be sent, MB'])],
    ...seen.map(mode => [
      labelOf(mode),
      ...stops.flatMap(({ runs }) => [
        say(
          spread(runs, mode, run => run.stopMs),
          0,
        ),
        say(
          spread(runs, mode, run => run.unsent),
          1,
          1e-6,
        ),
      ]),
    ]),
  ]);
  return [all, momentsText(data), longText(data)].filter(Boolean).join('\n\n');
};

/** @param {Data} data */
const memoryTable = data => {
  const last = data.load.filter(({ round: number }) => number === data.settings.rounds);
  const lengths = [last, data.long].filter(runs => runs.length > 0);
  const hour = data.hour.map(bytes => round(bytes / 1e6)).join(', ');
  const all = tableOf([
    ['', ...lengths.map(runs => `after ${Math.max(...runs.map(({ length }) => length))} s, MiB`)],
    ...modesOf(data, lengths.flat()).map(mode => [
      labelOf(mode),
      ...lengths.map(runs =>
        say(
          spread(/** @type {LoadRun[]} */ (runs), mode, run => run.memory),
          0,
          1 / MIB,
        ),
      ),
    ]),
  ]);
  const worker = `steadyreel's worker, every five minutes of an hour of packets, MB: ${hour}.`;
  return [all, hour === '' ? '' : worker].filter(Boolean).join('\n\n');
};

/** @param {Data} data */
const startsTable = data =>
  tableOf([
    ['', 'first frame in the file, ms', 'the recorder says that it runs, ms'],
    ...modesOf(data, data.starts).map(mode => [
      labelOf(mode),
      say(
        spread(data.starts, mode, run => run.firstMs),
        0,
      ),
      say(
        spread(data.starts, mode, run => run.saidMs),
        0,
      ),
    ]),
  ]);

/** @param {Data} data */
const cutText = ({ changes }) => {
  const cut = spread(changes, 'steadyreel', run => run.cutMs);
  const number = ofMode(changes, 'steadyreel').reduce((sum, { cutMs }) => sum + cutMs.length, 0);
  return cut
    ? `Median ${cut.median.toFixed(0)} ms, from ${cut.least.toFixed(0)} to ${cut.most.toFixed(0)} ms, over ${number} cuts.`
    : '';
};

/** @param {Data} data */
const sizesTable = ({ sizes }) =>
  tableOf([['', 'bytes, gzipped'], ...sizes.map(({ label, bytes }) => [label, grouped(bytes)])]);

/** @type {Record<string, string>} */
const MUXERS = {
  steadyreel: 'steadyreel, fragmented',
  mediabunny: 'mediabunny, fragmented',
  'mediabunny-null': 'mediabunny, fragmented, to nowhere',
  'mediabunny-plain': 'mediabunny, not fragmented',
  'mp4-muxer': 'mp4-muxer, fragmented',
};

/** @param {Data} data */
const muxTable = ({ mux }) =>
  tableOf([
    ['', 'thousand packets a second', 'bytes beyond the packets', 'memory in the end, MiB'],
    ...Object.entries(MUXERS).flatMap(([mode, label]) => {
      const [one] = ofMode(mux, mode);
      if (!one) return [];
      const least = Math.min(...mux.map(({ bytes }) => bytes));
      const more = one.bytes === least ? 'the least' : `${grouped(one.bytes - least)} more`;
      return [
        [
          label,
          say(
            spread(mux, mode, run => run.packetsPerSecond),
            0,
            1e-3,
          ),
          more,
          say(
            spread(mux, mode, run => run.memory),
            0,
            1 / MIB,
          ),
        ],
      ];
    }),
  ]);

/** @param {Data} data */
const failuresTable = ({ failures }) =>
  failures.length === 0
    ? 'Nothing failed.'
    : tableOf([
        ['failed', 'round', 'what it said'],
        ...failures.map(({ measure, mode, round: number, message }) => [
          `${labelOf(mode)}, ${measure}`,
          ...[number, message.replaceAll('|', '/').split('\n')[0] ?? ''],
        ]),
      ]);

/** By the names of their places in `docs/benchmarks.md`; empty where nothing was measured. @param {Data} data @returns {Record<string, string>} */
export const sections = data => ({
  ...{ machine: machineText(data), targets: targets(data), failures: failuresTable(data) },
  threads: threadsTable(data),
  load: [loadTable(data, data.load), idleText(data)].filter(Boolean).join('\n\n'),
  ...{ hd: loadTable(data, data.hd), changes: changesTable(data), blocked: blockedTable(data) },
  ...{ stop: stopTable(data), memory: memoryTable(data), starts: startsTable(data), cut: cutText(data) },
  ...{ sizes: sizesTable(data), mux: muxTable(data) },
});

/**
 * @template {{ mode: string }} Run
 * @param {Data} data
 * @param {readonly Run[]} runs
 * @param {(mode: string) => Spread | undefined} of
 */
const barsOf = (data, runs, of, factor = 1) =>
  modesOf(data, runs).flatMap(mode => {
    const value = mode === 'idle' ? undefined : of(mode);
    if (!value) return [];
    const [median, least, most] = [value.median * factor, value.least * factor, value.most * factor];
    return [{ label: labelOf(mode), median, least, most }];
  });

/** Charts by their names. @param {Data} data @returns {Record<string, string>} */
export const charts = data => {
  const { load, hd, changes, sizes, mux } = data;
  const percent = { unit: '%', digits: 1 };
  const frames = { unit: 'frames', digits: 0 };
  const made = {
    'main-thread': chart(
      'Main thread, ms a recorded second at 720p30',
      barsOf(data, load, mode => beyondIdle(load, mode, run => run.mainMs)),
      { unit: 'ms' },
    ),
    processor: chart(
      'All processes at 720p30, % of one processor',
      barsOf(data, load, mode => beyondIdle(load, mode, run => run.cpu), 100),
      percent,
    ),
    'processor-1080p': chart(
      'All processes at 1080p30, % of one processor',
      barsOf(data, hd, mode => beyondIdle(hd, mode, run => run.cpu), 100),
      percent,
    ),
    changes: chart(
      `Frames lost or undecodable at ${data.settings.changes} changes of the source`,
      barsOf(data, changes, mode => spread(changes, mode, run => run.lost)),
      frames,
    ),
    sizes: chart(
      'What a page loads, kB gzipped',
      sizes.map(({ label, bytes }) => ({
        label,
        median: bytes / 1e3,
        least: bytes / 1e3,
        most: bytes / 1e3,
      })),
      { unit: 'kB' },
    ),
    mux: chart(
      'Thousand packets a second through the muxer, in Node',
      Object.entries(MUXERS).flatMap(([mode, label]) => {
        const value = spread(mux, mode, run => run.packetsPerSecond / 1e3);
        return value ? [{ label, ...value }] : [];
      }),
      { unit: '', digits: 0 },
    ),
  };
  return Object.fromEntries(Object.entries(made).filter(([, svg]) => svg.includes('<rect')));
};
