/** One recording in a browser of its own, and what is seen of it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { busySeconds, cpuSeconds } from '../lib/machine.mjs';
import { mainThread } from '../lib/main-thread.mjs';
import { memoryOfGroup, useBetween, useOf } from '../lib/processes.mjs';
import { countLost, countWrong } from './count.mjs';
import { changedFrames } from './plan.mjs';

/**
 * @typedef {import('./messages.ts').Scene} Scene
 * @typedef {import('./messages.ts').Stored} Stored
 * @typedef {import('./messages.ts').Started} Started
 * @typedef {import('../../test/support/raw-chromium.ts').Tab} Tab
 * @typedef {import('../../test/support/raw-chromium.ts').RawChromium} Browser
 * @typedef {{
 *   RawChromium: typeof import('../../test/support/raw-chromium.ts').RawChromium,
 *   decode: typeof import('./decoded.ts').decode, url: string, stored: string,
 * }} Context
 */

/** Seconds that a run may take beyond those that it is to take. */
const PATIENCE = 90;

/** 2.5 Mbit/s at 720p, and twice that at 1080p. @param {number} height @returns {Scene} */
export const sceneOf = (height, changes = false) =>
  height === 1080
    ? { width: 1920, height: 1080, bitrate: 5_000_000, codec: 'avc1.640028', changes }
    : { width: 1280, height: 720, bitrate: 2_500_000, codec: 'avc1.64001f', changes };

/**
 * Opens the page with its source, and kills all of it when it takes too long.
 *
 * @template T
 * @param {Context} context
 * @param {Scene} scene
 * @param {number} seconds that `work` is to take
 * @param {(tab: Tab, browser: Browser) => Promise<T>} work
 */
const inPage = async ({ RawChromium, url }, scene, seconds, work) => {
  const profile = await mkdtemp(join(tmpdir(), 'steadyreel-peers-'));
  const browser = await RawChromium.launch(profile);
  const late = setTimeout(() => void browser.kill(), (seconds + PATIENCE) * 1_000);
  try {
    const tab = await browser.open(url);
    await tab.send('Performance.enable', {});
    await tab.evaluate(`page.open(${JSON.stringify(scene)})`);
    return await work(tab, browser);
  } finally {
    clearTimeout(late);
    await browser.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
};

/** What is in the files, and what is missing. @param {Context} context @param {Scene} scene @param {Stored} stored */
const lookAtFiles = async ({ decode, stored: folder }, scene, { keys, frames, made }) => {
  const files = [];
  for (const key of keys) {
    // The storage keeps a folder for each recording.
    const path = join(folder, key.replace(/^recordings\//, ''));
    files.push(await decode(path));
    await rm(path, { force: true });
  }
  const all = files.flatMap(file => file.frames);
  return {
    ...countLost(frames ?? all.map(({ number }) => number), made.frames),
    wrong: countWrong(all, scene, made.plan),
    errors: files.reduce((sum, file) => sum + file.errors, 0),
    files: files.length,
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
    codecs: [...new Set(files.flatMap(({ codec, audio }) => [codec, audio]))].join(', '),
  };
};

/** @param {Stored} stored */
const endOf = ({ stopMs, unsent, troubles }) => ({ stopMs, unsent, troubles });

/**
 * What recording takes, and what is lost.
 *
 * @param {Context} context
 * @param {string} mode
 * @param {{ height: number, warmUp: number, seconds: number, until: number }} settings seconds; `until`: the recording's length
 */
export const load = (context, mode, { height, warmUp, seconds, until }) => {
  const scene = sceneOf(height);
  const total = Math.max(until, warmUp + seconds);
  return inPage(context, scene, total, async (tab, browser) => {
    const began = performance.now();
    await tab.evaluate(`page.start(${JSON.stringify(mode)})`);
    await sleep(1_000 * warmUp);
    const look = async () => ({
      main: await mainThread(tab),
      ...{ at: performance.now() / 1_000, use: useOf(browser.pid) },
      ...{ busy: busySeconds(), own: cpuSeconds(process.pid) },
    });
    const before = await look();
    await sleep(1_000 * seconds);
    const after = await look();
    await sleep(Math.max(0, 1_000 * total - (performance.now() - began)));
    const memory = memoryOfGroup(browser.pid);
    /** @type {Stored} */
    const stored = await tab.evaluate('page.stop()');
    const took = after.at - before.at;
    const { seconds: cpu, processes, threads } = useBetween(before.use, after.use, took);
    return {
      ...{ length: total, seconds: took, cpu, memory, processes, threads },
      mainMs: (1_000 * (after.main - before.main)) / took,
      others: (after.busy - before.busy - (after.own - before.own)) / took - cpu,
      ...endOf(stored),
      ...(await lookAtFiles(context, scene, stored)),
    };
  });
};

/**
 * A page that does something else for five of ten seconds.
 *
 * @param {Context} context
 * @param {string} mode
 * @param {{ blocked: number, length: number }} settings seconds
 */
export const blocked = (context, mode, { blocked: seconds, length }) => {
  const scene = sceneOf(720);
  return inPage(context, scene, length, async tab => {
    const began = performance.now();
    await tab.evaluate(`page.start(${JSON.stringify(mode)})`);
    await sleep((1_000 * (length - seconds)) / 2);
    await tab.evaluate(`page.block(${seconds})`);
    await sleep(Math.max(0, 1_000 * length - (performance.now() - began)));
    /** @type {Stored} */
    const stored = await tab.evaluate('page.stop()');
    return { length, ...endOf(stored), ...(await lookAtFiles(context, scene, stored)) };
  });
};

/**
 * A source that changes its size, its rotation and its range of colours.
 *
 * @param {Context} context
 * @param {string} mode
 * @param {{ count: number, every: number }} settings changes; frames from one to the next
 */
export const changes = (context, mode, { count, every }) => {
  const scene = sceneOf(720, true);
  return inPage(context, scene, (count * every) / 30, async tab => {
    await tab.evaluate(`page.start(${JSON.stringify(mode)})`);
    await tab.evaluate(`page.change(${count}, ${every})`);
    /** @type {Stored} */
    const stored = await tab.evaluate('page.stop()');
    const { plan, times } = stored.made;
    const begun = plan && stored.begun ? stored.begun.slice(1) : [];
    const cuts = plan ? changedFrames(plan).map(frame => times[frame] ?? 0) : [];
    return {
      ...endOf(stored),
      ...(await lookAtFiles(context, scene, stored)),
      // Only where each change has begun a file, it is known which is whose.
      cutMs: begun.length === cuts.length ? begun.map((at, i) => at - (cuts[i] ?? 0)) : [],
    };
  });
};

/**
 * The first start of a page is left out: after it, all is loaded.
 *
 * @param {Context} context
 * @param {string} mode
 * @param {{ times: number }} settings
 */
export const starts = (context, mode, { times }) => {
  const scene = sceneOf(720);
  return inPage(context, scene, 2 * times, async tab => {
    /** @type {Started[]} */
    const all = await tab.evaluate(`page.starts(${JSON.stringify(mode)}, ${times + 1})`);
    const firstMs = [];
    for (const { calledAt, stored } of all.slice(1)) {
      const { first } = await lookAtFiles(context, scene, stored);
      firstMs.push((stored.made.times[first] ?? 0) - calledAt);
    }
    return {
      firstMs,
      saidMs: all.slice(1).map(({ saidMs }) => saidMs),
      troubles: all.flatMap(({ stored }) => stored.troubles),
    };
  });
};
