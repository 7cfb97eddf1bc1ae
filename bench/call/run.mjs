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
 * @typedef {{ codec: string, bitrate: number, seconds: number, warmUp: number }} Settings
 * @typedef {Awaited<ReturnType<typeof run>>} Run
 */

/** Most that the call may take to come to its size and bitrate; milliseconds. */
const LONGEST_START = 30_000;

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

/**
 * @param {typeof import('../../test/support/raw-chromium.ts').RawChromium} Browser
 * @param {readonly string[]} flags
 * @param {string} url
 * @param {Mode} mode
 * @param {Settings} settings
 */
export const run = async (Browser, flags, url, mode, { codec, bitrate, seconds, warmUp }) => {
  const profile = await mkdtemp(join(tmpdir(), 'steadyreel-bench-'));
  const browser = await Browser.launch(profile, flags);
  try {
    const tab = await browser.open(url);
    await tab.send('Performance.enable', {});
    await tab.evaluate(`page.connect(${JSON.stringify({ codec, bitrate, tapped: mode.tapped })})`);
    await settle(tab, bitrate);
    await tab.evaluate(`page.record(${JSON.stringify(mode.method)}, ${bitrate})`);
    await sleep(1_000 * warmUp);
    const look = async () => ({
      call: await statsOf(tab),
      main: await mainThread(tab),
      ...{
        at: performance.now() / 1_000,
        use: useOf(browser.pid),
        busy: busySeconds(),
        own: cpuSeconds(process.pid),
      },
    });
    const before = await look();
    await sleep(1_000 * seconds);
    const after = await look();
    const took = after.at - before.at;
    const { seconds: cpu, processes, threads } = useBetween(before.use, after.use, took);
    /** @type {Recorded} */
    const recorded = await tab.evaluate('page.stop()');
    return {
      mode: mode.name,
      seconds: took,
      cpu,
      mainThread: (after.main - before.main) / took,
      call: callOf(before.call, after.call),
      recorded,
      // The storage and this script, and whatever else runs on the machine.
      own: (after.own - before.own) / took,
      others: (after.busy - before.busy - (after.own - before.own)) / took - cpu,
      processes,
      threads,
    };
  } finally {
    await browser.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
};
