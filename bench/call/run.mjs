/** One call in a browser of its own, recorded in one way, and what that takes. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { busySeconds, cpuSeconds } from '../lib/machine.mjs';
import { mainThread } from '../lib/main-thread.mjs';
import { useBetween, useOf } from '../lib/processes.mjs';

/**
 * @typedef {import('./messages.ts').CallStats} CallStats
 * @typedef {import('./messages.ts').Recorded} Recorded
 * @typedef {import('./modes.mjs').Mode} Mode
 * @typedef {import('../../test/support/raw-chromium.ts').Tab} Tab
 * @typedef {{ codec: string, bitrate: number, seconds: number, warmUp: number, turns: number }} Settings
 * @typedef {Awaited<ReturnType<typeof run>>} Run
 */

/** Most that the call may take to come to its size and bitrate; milliseconds. */
const LONGEST_START = 30_000;
/** What a recording leaves to do when it has stopped is done by then; seconds. */
const REST = 3;

/** @param {Tab} tab @returns {Promise<CallStats>} */
const statsOf = tab => tab.evaluate('page.stats()');

/** Until the call is as large as it is to be, and nearly of its bitrate. @param {Tab} tab @param {number} bitrate */
const settle = async (tab, bitrate) => {
  const began = performance.now();
  let before = await statsOf(tab);
  for (;;) {
    await sleep(1_000);
    const now = await statsOf(tab);
    const bits = (8 * (now.bytesReceived - before.bytesReceived)) / (now.at - before.at);
    if (now.width === 1280 && bits > 0.8 * bitrate) return;
    if (performance.now() - began > LONGEST_START)
      throw new Error(
        `The call did not come to ${bitrate} bit/s at 1280 pixels, but to ${Math.round(bits)} at ${now.width}.`,
      );
    before = now;
  }
};

/** @param {CallStats} before @param {CallStats} after */
const callOf = (before, after) => {
  /** @param {keyof CallStats} name */
  const grown = name => Number(after[name]) - Number(before[name]);
  /** Milliseconds each. @param {keyof CallStats} time @param {keyof CallStats} count */
  const each = (time, count) => (1_000 * grown(time)) / Math.max(1, grown(count));
  const seconds = grown('at');
  return {
    width: after.width,
    height: after.height,
    encoder: after.encoder,
    decoder: after.decoder,
    framesSent: grown('framesSent') / seconds,
    framesDecoded: grown('framesDecoded') / seconds,
    framesDropped: grown('framesDropped'),
    keyFrames: grown('keyFrames'),
    bitrateSent: (8 * grown('bytesSent')) / seconds,
    bitrateReceived: (8 * grown('bytesReceived')) / seconds,
    encodeMs: each('encodeTime', 'framesSent'),
    sendDelayMs: each('sendDelay', 'packetsSent'),
    jitterBufferMs: each('jitterDelay', 'jitterEmitted'),
    processingMs: each('processingDelay', 'framesDecoded'),
    decodeMs: each('decodeTime', 'framesDecoded'),
    roundTripMs: each('roundTrips', 'roundTripsMeasured'),
    freezes: grown('freezes'),
    packetsLost: grown('packetsLost'),
  };
};

/** What the browser takes in a number of seconds, and how the call fares. @param {Tab} tab @param {number} pid @param {number} seconds */
const watch = async (tab, pid, seconds) => {
  const look = async () => ({
    call: await statsOf(tab),
    main: await mainThread(tab),
    ...{ at: performance.now() / 1_000, use: useOf(pid), busy: busySeconds(), own: cpuSeconds(process.pid) },
  });
  const before = await look();
  await sleep(1_000 * seconds);
  const after = await look();
  const took = after.at - before.at;
  const { seconds: cpu, processes, threads } = useBetween(before.use, after.use, took);
  const own = (after.own - before.own) / took;
  return {
    ...{ seconds: took, cpu, own, processes, threads },
    mainThread: (after.main - before.main) / took,
    call: callOf(before.call, after.call),
    // The storage and this script are `own`; this is whatever else runs on the machine.
    others: (after.busy - before.busy) / took - own - cpu,
  };
};

/** @param {readonly number[]} values */
const mean = values => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Of objects of numbers, name by name; what is no number is the last one's. @template {Record<string, unknown>} T @param {readonly T[]} list @returns {T} */
const meansOf = list => {
  const names = new Set(list.flatMap(Object.keys));
  const last = /** @type {T} */ (list.at(-1));
  /** @param {string} name */
  const meanOf = name =>
    typeof (last[name] ?? 0) === 'number' ? mean(list.map(one => Number(one[name] ?? 0))) : last[name];
  return /** @type {T} */ (Object.fromEntries([...names].map(name => [name, meanOf(name)])));
};

/**
 * The same call by turns as it is and recorded, so that what differs from one to the next is what recording adds: from browser
 * to browser a machine that others use differs by more.
 *
 * @param {typeof import('../../test/support/raw-chromium.ts').RawChromium} Browser
 * @param {readonly string[]} flags
 * @param {string} url
 * @param {Mode} mode
 * @param {Settings} settings
 */
export const run = async (Browser, flags, url, mode, { codec, bitrate, seconds, warmUp, turns }) => {
  const profile = await mkdtemp(join(tmpdir(), 'steadyreel-bench-'));
  const browser = await Browser.launch(profile, flags);
  try {
    const tab = await browser.open(url);
    await tab.send('Performance.enable', {});
    await tab.evaluate(`page.connect(${JSON.stringify({ codec, bitrate, tapped: mode.tapped })})`);
    await settle(tab, bitrate);
    const without = [await watch(tab, browser.pid, seconds)];
    const recording = [];
    /** @type {Recorded | undefined} */
    let recorded;
    for (let turn = 0; turn < turns; turn++) {
      await tab.evaluate(`page.record(${JSON.stringify(mode.method)}, ${bitrate})`);
      await sleep(1_000 * warmUp);
      recording.push(await watch(tab, browser.pid, seconds));
      recorded = await tab.evaluate('page.stop()');
      await sleep(1_000 * REST);
      without.push(await watch(tab, browser.pid, seconds));
    }
    const all = [...recording, ...without];
    return {
      mode: mode.name,
      recorded,
      ...meansOf(recording),
      call: meansOf(recording.map(({ call }) => call)),
      processes: meansOf(recording.map(one => one.processes)),
      threads: meansOf(recording.map(one => one.threads)),
      without: {
        cpu: mean(without.map(one => one.cpu)),
        mainThread: mean(without.map(one => one.mainThread)),
        threads: meansOf(without.map(one => one.threads)),
      },
      adds: mean(recording.map(one => one.cpu)) - mean(without.map(one => one.cpu)),
      turns: all.map(({ cpu }) => cpu),
      others: Math.max(...all.map(one => one.others)),
    };
  } finally {
    await browser.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
};
