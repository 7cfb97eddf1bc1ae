/** What was measured, as data, as text and as a chart. Pure. */
import { chart } from '../lib/chart.mjs';
import { ratioBeyond, round, spreadOf, table, told } from '../lib/numbers.mjs';
import { CALL_VALUES, recordingMsOf, summarize, tapTakes, VALUES, withinNoise } from './summary.mjs';

/**
 * @typedef {import('./summary.mjs').OneRun} OneRun
 * @typedef {import('./summary.mjs').Spread} Spread
 * @typedef {import('./summary.mjs').ValueName} ValueName
 * @typedef {{
 *   machine: Record<string, string | number>,
 *   settings: { rounds: number, seconds: number, warmUp: number, turns: number, bitrate: number, codec: string },
 *   modes: readonly import('./modes.mjs').Mode[], runs: OneRun[],
 *   discarded: { mode: string, round: number, others: number }[],
 * }} Measured
 */

/** What passthrough takes is held against these. */
const ENCODING = [
  'media-recorder',
  'media-recorder-default',
  'media-recorder-vp9',
  'media-recorder-vp8',
  'encode',
  'encode-sent',
  'mediabunny',
];
const PASSING = ['tapped', 'receiver', 'sender'];

/** What tap and recording add to the call. @param {readonly OneRun[]} runs @returns {(run: OneRun) => number} */
const withTap = runs => {
  const tap = tapTakes(runs);
  return ({ mode, adds }) => adds + (PASSING.includes(mode) ? tap : 0);
};

/** @param {Measured} measured */
export const report = ({ machine, settings, modes, runs, discarded }) => {
  const all = summarize(modes, runs);
  const alone = all.find(({ name }) => name === 'alone');
  const has = (/** @type {string} */ name) => all.some(mode => mode.name === name);
  const pairs = PASSING.flatMap(mode =>
    ENCODING.filter(other => alone && has(mode) && has(other)).map(other => ({ mode, other })),
  );
  const addsOf = withTap(runs);
  const ratios = pairs.map(({ mode, other }) => ratioBeyond(runs, undefined, mode, other, addsOf));
  const threadRatios = pairs.map(({ mode, other }) => ratioBeyond(runs, 'alone', mode, other, recordingMsOf));
  const extra = all.flatMap(({ name, label }) =>
    alone && name !== 'alone'
      ? [{ name, label, ...spreadOf(runs.filter(run => run.mode === name).map(addsOf)) }]
      : [],
  );
  const noise = all.flatMap(({ name, label, values }) =>
    alone && name !== 'alone' ? [{ name, label, within: withinNoise(alone.values, values) }] : [],
  );
  const disturbed = runs.filter(run => run.disturbed).length;
  /** @param {string} head @param {typeof ratios} list */
  const ratioTable = (head, list) =>
    table([
      [head, ...ENCODING.filter(has)],
      ...PASSING.filter(has).map(mode => [
        all.find(one => one.name === mode)?.label ?? '',
        ...list
          .filter(one => one.mode === mode)
          .map(
            ({ ofMedians, perRound }) =>
              `${ofMedians} (${Math.min(...perRound)} to ${Math.max(...perRound)})`,
          ),
      ]),
    ]);
  const parts = [
    `${settings.codec} at ${round(settings.bitrate / 1e6, 2)} Mbit/s, 1280x720, 30 frames a second; ${settings.rounds} rounds, each in a browser of its own, in which the call is watched by turns as it is and recorded (${settings.turns} times, after ${settings.warmUp} s), for ${settings.seconds} s each. A tap that nobody listens to took ${(100 * tapTakes(runs)).toFixed(1)} % of a processor, by the medians of browsers with and without one.`,
    `${machine.processors} × ${machine.processor}, ${round(Number(machine.memory) / 1024 ** 3)} GiB, Linux ${machine.linux}, Node ${machine.node}, ${machine.browser}. Runs made again as others took the processors: ${discarded.length}; disturbed all the same: ${disturbed} of ${runs.length}.`,
    table([
      [
        '',
        'all processes, % of one processor',
        'recording adds, to the same call',
        'with the tap',
        'main thread, ms of tasks a second',
        'its processor time, ms a second',
        'workers and encoders, ms a frame',
      ],
      ...all.map(({ name, label, values }) => {
        const more = extra.find(one => one.name === name);
        return [
          label,
          told(values.cpu, 1, 100),
          told(values.adds, 1, 100),
          more ? told(more, 1, 100) : '',
          told(values.mainThread, 0, 1000),
          told(values.mainThreadCpu, 0, 1000),
          told(values.recordingMs, 2),
        ];
      }),
    ]),
    ratioTable('processor time that is added, tap included, as a part of', ratios),
    ratioTable('of workers and encoders, a frame, as a part of', threadRatios),
    table([
      [
        'The call',
        'sent /s',
        'decoded /s',
        'Mbit/s',
        'size',
        'encoding ms',
        'send delay ms',
        'jitter buffer ms',
        'received to decoded ms',
        'round trip ms',
        'freezes',
      ],
      ...all.map(({ label, values: v }) => [
        ...[label, told(v.framesSent), told(v.framesDecoded), told(v.bitrateReceived, 2, 1e-6)],
        `${v.width.median}x${v.height.median}`,
        ...[told(v.encodeMs), told(v.sendDelayMs, 2), told(v.jitterBufferMs), told(v.processingMs)],
        ...[told(v.roundTripMs, 2), told(v.freezes, 0)],
      ]),
    ]),
    table([
      ['median within what the call alone came to', ...CALL_VALUES],
      ...noise.map(({ label, within }) => [label, ...CALL_VALUES.map(name => (within[name] ? 'yes' : 'no'))]),
    ]),
  ];
  return {
    data: {
      machine,
      settings,
      units: unitsOf(),
      modes: all,
      extra,
      ratios,
      threadRatios,
      noise,
      discarded,
      runs,
    },
    markdown: `${parts.join('\n\n')}\n`,
    svg: chart(
      'Processor time added to the call, tap included, % of one processor (bar: median, line: all rounds)',
      extra.map(({ label, median: middle, least, most }) => ({
        ...{ label, median: 100 * middle, least: 100 * least, most: 100 * most },
      })),
    ),
  };
};

const unitsOf = () => Object.fromEntries(Object.entries(VALUES).map(([name, [, unit]]) => [name, unit]));
