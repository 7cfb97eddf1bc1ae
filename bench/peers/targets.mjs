/** What was aimed at, whether it is reached, and why not. Pure. */
import { table } from '../lib/numbers.mjs';
import { verdicts } from './summary.mjs';

/** What is known of the reasons, told where a target is missed. @type {readonly (readonly [RegExp, string])[]} */
const REASONS = [
  [
    /^main thread/,
    'what is left are one message a second from the worker, 0.2 ms whatever is in it, and what Chromium does on the page for each request of a worker, one in two seconds.',
  ],
  [
    /of the floor/,
    'beyond the encoders there are the worker that muxes, hashes and writes, the browser process that writes the private file system, and the upload; the floor does none of it.',
  ],
  [
    /of MediaRecorder$/,
    'MediaRecorder gives fewer bits than it is asked for, hands frames to its encoder inside the browser, and neither writes to the disk nor uploads meanwhile.',
  ],
  [
    /first byte of its file/,
    'the header of a file is written when both of its tracks have given a packet, and the first of sound is 20 ms long and comes out late by the delay of its encoder.',
  ],
  [
    /^import of/,
    'the worker has the journal, tus, fitting and resampling in it; S3 and recovery are files of their own.',
  ],
  [
    /^start until/,
    'the worker reads its script, and opens the journal, before it says so; frames are kept meanwhile.',
  ],
];

/** @param {import('./data.ts').Data} data */
export const targets = data => {
  const all = verdicts(data);
  const missed = all.filter(({ reached }) => reached === false);
  return [
    table([
      ['', 'to reach', 'measured', 'reached'],
      ...all.map(({ what, target, got, reached }) => [
        ...[what, target, got],
        reached === undefined ? '' : reached ? 'yes' : '**no**',
      ]),
    ]),
    ...(missed.length === 0 ? [] : ['Missed:']),
    missed
      .map(({ what, got, target }) => {
        const [, reason = 'not looked into yet.'] = REASONS.find(([name]) => name.test(what)) ?? [];
        return `- **${what}**: ${got}, where it is to be ${target}; ${reason}`;
      })
      .join('\n'),
  ]
    .filter(Boolean)
    .join('\n\n');
};
