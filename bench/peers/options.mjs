/** What `npm run bench` is told. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../../scripts/lib/paths.mjs';
import { QUIET } from '../lib/quiet.mjs';
import { MODES } from './modes.mjs';

export const MEASURES = /** @type {const} */ ([
  'sizes',
  'mux',
  'load',
  'hd',
  'blocked',
  'changes',
  'starts',
  'stops',
  'long',
  'hour',
]);
/** @typedef {(typeof MEASURES)[number]} Measure */

const HELP = `npm run bench -- [options]
  --rounds <n>     how often load, hd and mux are measured (2)
  --repeats <n>    how often blocked, changes and starts are (1)
  --seconds <n>    how long each load is measured (30), each hd a third as long
  --until <n>      how long each load of the last round is recorded (60)
  --only <names>   only these: ${MEASURES.join(',')}
  --peers <names>  only these: ${MODES.map(({ name }) => name).join(',')}
  --long           recordings of ten minutes, too: three quarters of an hour longer
  --together <n>   so many of them at once (2)
  --add            what is not measured now stays as the file of measurements has it; writes both it and the documents
  --quick          everything, as short as it works: to see that it does
  --wait <n>       most seconds to wait, before each load, for the machine to be quiet (120)
  --tries <n>      a load during which others took more than ${QUIET} processors is measured so often at the most (2)
  --json <file>    where the measurements go (bench/results/peers.json)
  --docs <folder>  where benchmarks.md and its charts are brought up to date (docs)
  --from <file>    measures nothing, and writes the documents from these measurements
A run with --quick, --only or --peers writes neither, unless it is told where.`;

/** How much of everything there is; seconds, and frames from one change to the next. */
const FULL = {
  ...{ rounds: 2, repeats: 1, seconds: 30, warmUp: 3, until: 60, changes: 30, every: 33, starts: 7 },
  ...{ muxSeconds: 3_600, blocked: 5, blockedOf: 10, longSeconds: 600, wait: 120, tries: 2, fewer: false },
  ...{ together: 2, stops: 8, stopsFrom: 10 },
};
/** All are loaded once, and see the source change; two of them do for the rest. */
const QUICK = {
  ...{ ...FULL, rounds: 1, seconds: 2, warmUp: 1, until: 3, changes: 3, starts: 1, muxSeconds: 60 },
  ...{ blocked: 1, blockedOf: 3, longSeconds: 10, wait: 0, tries: 1, fewer: true, stops: 2, stopsFrom: 2 },
};

const readValues = () => {
  const text = /** @type {const} */ ({ type: 'string' });
  const flag = /** @type {const} */ ({ type: 'boolean' });
  const { values } = parseArgs({
    options: {
      ...{
        rounds: text,
        repeats: text,
        seconds: text,
        until: text,
        wait: text,
        tries: text,
        together: text,
        only: text,
        peers: text,
      },
      ...{ json: text, docs: text, from: text, long: flag, add: flag, quick: flag, help: flag },
    },
  });
  return values;
};

/** @param {string | undefined} names @param {readonly string[]} all */
const chosen = (names, all) => {
  const list = names?.split(',') ?? all;
  const unknown = list.filter(name => !all.includes(name));
  if (unknown.length > 0) throw new Error(`There is no "${unknown.join('", "')}".\n${HELP}`);
  return list;
};

export const readOptions = () => {
  const values = readValues();
  if (values.help) {
    console.log(HELP);
    return process.exit();
  }
  const usual = values.quick ? QUICK : FULL;
  /** @param {'rounds' | 'repeats' | 'seconds' | 'until' | 'wait' | 'tries' | 'together'} name */
  const number = name => {
    const value = Number(values[name] ?? usual[name]);
    if (!Number.isFinite(value) || value < 0)
      throw new Error(`Expected a number, got "${values[name]}".\n${HELP}`);
    return value;
  };
  const asked = chosen(values.only, MEASURES);
  // Unless they are asked for by name.
  const left = [...(values.long ? [] : ['long']), ...(values.quick ? ['hour'] : [])];
  const isPart = Boolean(!values.add && (values.quick || values.only || values.peers));
  const json = values.json ?? (isPart ? undefined : join(ROOT, 'bench', 'results', 'peers.json'));
  return {
    settings: {
      ...{ ...usual, rounds: number('rounds'), repeats: number('repeats'), seconds: number('seconds') },
      ...{ until: number('until'), wait: number('wait'), tries: number('tries') },
      together: Math.max(1, number('together')),
    },
    measures: /** @type {Measure[]} */ (
      asked.filter(name => values.only !== undefined || !left.includes(name))
    ),
    modes: MODES.filter(({ name }) =>
      chosen(
        values.peers,
        MODES.map(mode => mode.name),
      ).includes(name),
    ),
    json,
    added: values.add ? json : undefined,
    docs: values.docs ?? (isPart ? undefined : join(ROOT, 'docs')),
    from: values.from,
  };
};
