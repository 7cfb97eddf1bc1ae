/** The browser is killed with everything in it, at random moments: nothing is lost. */
import { expect, test } from '@playwright/test';
import { RawChromium } from '../support/raw-chromium.ts';
import { checkStored, type Made, type Page, Station } from './crash-kit.ts';
import type { Place } from './pages/crash.ts';

const KILLS = 20;
/** A frame that the page gave to its track this long before the kill is in a file; milliseconds. */
const LOST_AT_MOST = 100;
// Read once more in the worker, where it must be the same: Playwright hands the environment on.
process.env.STEADYREEL_SEED ??= String(Date.now() % 1e6);
const seed = Number(process.env.STEADYREEL_SEED);
console.log(`seed ${seed}`);

/** Numbers from 0 to 1, the same for the same seed. */
const randomBy = (start: number): (() => number) => {
  let state = start;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
};

const wait = (milliseconds: number): Promise<void> =>
  new Promise(resolve => setTimeout(resolve, milliseconds));

/** What pages have made, and when it was heard of here. */
class Log {
  readonly #made: (Made & { at: number })[] = [];

  readonly hear = (made: Made): void => {
    this.#made.push({ ...made, at: performance.now() });
  };

  /** Frames of a recording that must not be lost when all ends now. */
  dueAt(now: number): Map<string, number> {
    const due = new Map<string, number>();
    for (const { id, frames, at } of this.#made) if (at <= now - LOST_AT_MOST) due.set(id, frames);
    return due;
  }
}

/** Everything that was due is in the storage, whole; nothing is left to be finished. */
const checkAll = async (station: Station, page: Page, due: Map<string, number>): Promise<void> => {
  expect(await page.call('unfinished')).toEqual([]);
  await page.call('handOver');
  const stored = await station.recordings();
  for (const [id, frames] of due) {
    const found = stored.find(({ manifest }) => manifest.id === id);
    if (!found) throw new Error(`Nothing is stored of ${id}, of which ${frames} frames were due.`);
    expect(found.manifest.state, id).not.toBe('recording');
    expect(await checkStored(found), `${id}: frames`).toBeGreaterThanOrEqual(frames);
  }
};

/** What a test goes through: the browser as it is now, killed and opened again. */
class Life {
  browser: RawChromium | undefined;
  /** Frames of each recording that must be there. */
  due = new Map<string, number>();
  #log = new Log();

  constructor(
    readonly station: Station,
    readonly random: () => number,
  ) {}

  async open(): Promise<Page> {
    this.browser = await RawChromium.launch(this.station.profile);
    this.#log = new Log();
    return this.station.open(this.browser, this.#log.hear);
  }

  /** Within so many milliseconds from now. */
  async kill(milliseconds: number): Promise<void> {
    await wait(this.random() * milliseconds);
    await this.browser?.kill();
  }

  async close(): Promise<void> {
    await this.browser?.close();
    await this.station.close();
  }

  /** Takes note of what must not be lost from now on. */
  take(): void {
    this.due = this.#log.dueAt(performance.now());
  }
}

const live = async (work: (life: Life) => Promise<void>): Promise<void> => {
  const life = new Life(await Station.start(), randomBy(seed));
  try {
    await work(life);
  } finally {
    await life.close();
  }
};

test.describe.configure({ timeout: 300_000 });

test(`killed ${KILLS} times while it records, while it stops, and while it is recovered`, () =>
  live(async life => {
    for (let round = 0; round <= KILLS; round++) {
      let page = await life.open();
      if (round % 4 === 3) {
        void page.call('recoverAll').catch(() => undefined);
        await life.kill(300);
        page = await life.open();
      }
      await page.call('recoverAll');
      await checkAll(life.station, page, life.due);
      if (round === KILLS) break;
      const places: Place[] = round % 2 ? ['tus', 'device'] : ['tus'];
      await Promise.all(places.map(place => page.call('begin', place)));
      await wait(life.random() * 2_500);
      life.take();
      if (round % 5 === 4) void page.call('stopAll').catch(() => undefined);
      await life.kill(round % 5 === 4 ? 200 : 0);
    }
  }));
