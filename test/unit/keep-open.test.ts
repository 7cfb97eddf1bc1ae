import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Told } from '../../src/events.ts';
import { keepOpen } from '../../src/keep-open.ts';

/** A lock as browsers give it. */
class Lock {
  released = false;
  /** How often it was asked to let go. */
  asked = 0;
  /** Set: it can not be let go. */
  fault: Error | undefined;
  // No mock: those catch what is rejected, and nobody would see that it is not.
  async release(): Promise<void> {
    this.asked++;
    if (this.fault) throw this.fault;
    this.released = true;
  }
}

class Page extends EventTarget {
  visibilityState: DocumentVisibilityState = 'visible';
  readonly listeners = new Set<unknown>();
  /** Locks that the browser has given. */
  readonly locks: Lock[] = [];
  /** What the browser says when it is asked; it may take its time. */
  answer: () => Promise<void> = async () => undefined;
  readonly request = vi.fn(async (_type: WakeLockType): Promise<Lock> => {
    await this.answer();
    const lock = new Lock();
    this.locks.push(lock);
    return lock;
  });

  override addEventListener(type: string, listener: EventListener): void {
    this.listeners.add(listener);
    super.addEventListener(type, listener);
  }
  override removeEventListener(type: string, listener: EventListener): void {
    this.listeners.delete(listener);
    super.removeEventListener(type, listener);
  }

  /** Browsers take the locks away from a page that is hidden. */
  hide(): void {
    this.visibilityState = 'hidden';
    for (const lock of this.locks) lock.released = true;
    this.dispatchEvent(new Event('visibilitychange'));
  }

  show(): void {
    this.visibilityState = 'visible';
    this.dispatchEvent(new Event('visibilitychange'));
  }

  get held(): number {
    return this.locks.filter(lock => !lock.released).length;
  }
}

let page: Page;
let browserWindow: EventTarget;
let warnings: Told<'warning'>[];

const keep = (options: { wakeLock?: boolean; confirmUnload?: boolean }): (() => void) =>
  keepOpen({ wakeLock: false, confirmUnload: false, ...options }, warning => warnings.push(warning));

/** Lets promises settle. */
const settled = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

beforeEach(() => {
  page = new Page();
  browserWindow = new EventTarget();
  warnings = [];
  vi.stubGlobal('document', page);
  vi.stubGlobal('navigator', { wakeLock: { request: page.request } });
  vi.stubGlobal('addEventListener', browserWindow.addEventListener.bind(browserWindow));
  vi.stubGlobal('removeEventListener', browserWindow.removeEventListener.bind(browserWindow));
});
afterEach(() => vi.unstubAllGlobals());

describe('the screen', () => {
  it('is kept on until the end', async () => {
    const release = keep({ wakeLock: true });
    await settled();
    expect(page.request).toHaveBeenCalledWith('screen');
    expect(page.held).toBe(1);
    release();
    await settled();
    expect(page.held).toBe(0);
    expect(page.locks[0]?.asked).toBe(1);
    expect(warnings).toEqual([]);
  });

  it('is left alone unless it was asked for', async () => {
    const release = keep({});
    page.show();
    await settled();
    release();
    expect(page.request).not.toHaveBeenCalled();
  });

  it('is kept on again when the page is shown again', async () => {
    const release = keep({ wakeLock: true });
    await settled();
    page.hide();
    await settled();
    // A hidden page would be refused it.
    expect(page.request).toHaveBeenCalledTimes(1);
    page.show();
    await settled();
    expect(page.held).toBe(1);
    release();
    page.show();
    await settled();
    expect(page.held).toBe(0);
    expect(page.request).toHaveBeenCalledTimes(2);
    expect(page.listeners.size).toBe(0);
    expect(warnings).toEqual([]);
  });

  it('is asked for later when the page is hidden at the start', async () => {
    page.visibilityState = 'hidden';
    keep({ wakeLock: true });
    await settled();
    expect(page.request).not.toHaveBeenCalled();
    page.show();
    await settled();
    expect(page.held).toBe(1);
    expect(warnings).toEqual([]);
  });

  it('may be refused: that is told each time, and asked again when the page is shown again', async () => {
    page.answer = () => Promise.reject(new DOMException('The battery is low.', 'NotAllowedError'));
    keep({ wakeLock: true });
    await settled();
    const refused = { code: 'wake-lock-refused', message: expect.stringContaining('The battery is low.') };
    expect(warnings).toEqual([{ ...refused, count: 1 }]);
    page.hide();
    page.show();
    await settled();
    expect(warnings).toEqual([
      { ...refused, count: 1 },
      { ...refused, count: 2 },
    ]);
    page.answer = async () => undefined;
    page.hide();
    page.show();
    await settled();
    expect(page.held).toBe(1);
    expect(warnings).toHaveLength(2);
  });

  it('where there is no wake lock, that is told; not before the caller has what ends it', async () => {
    vi.stubGlobal('navigator', {});
    const release = keep({ wakeLock: true });
    expect(warnings).toEqual([]);
    await settled();
    expect(warnings).toMatchObject([
      { code: 'wake-lock-refused', message: expect.stringContaining('no wake lock') },
    ]);
    release();
  });

  it('is let go when it is granted after the end', async () => {
    let grant = (): void => undefined;
    page.answer = () => new Promise(resolve => (grant = resolve));
    const release = keep({ wakeLock: true });
    await settled();
    release();
    grant();
    await settled();
    expect(page.locks).toHaveLength(1);
    expect(page.held).toBe(0);
  });

  it('is let go though two requests were under way', async () => {
    const grants: (() => void)[] = [];
    page.answer = () => new Promise(resolve => grants.push(resolve));
    const release = keep({ wakeLock: true });
    page.hide();
    page.show();
    await settled();
    expect(grants).toHaveLength(2);
    for (const grant of grants) grant();
    await settled();
    expect(page.locks).toHaveLength(2);
    expect(page.held).toBe(1);
    release();
    await settled();
    expect(page.held).toBe(0);
  });

  it('a refusal is not told when the page was hidden meanwhile, or when all is over', async () => {
    const refusals: (() => void)[] = [];
    page.answer = () => new Promise((_, reject) => refusals.push(() => reject(new Error('no'))));
    const release = keep({ wakeLock: true });
    page.hide();
    refusals[0]?.();
    await settled();
    page.show();
    await settled();
    release();
    refusals[1]?.();
    await settled();
    expect(refusals).toHaveLength(2);
    expect(warnings).toEqual([]);
  });

  it('a browser that can not let it go does no harm', async () => {
    const release = keep({ wakeLock: true });
    await settled();
    const [lock] = page.locks;
    if (lock) lock.fault = new Error('gone');
    release();
    // A rejection that nobody handles would fail the test run.
    await settled();
    expect(lock?.asked).toBe(1);
    expect(warnings).toEqual([]);
  });
});

describe('leaving the page', () => {
  /** True when the browser would ask. */
  const asks = (): boolean => !browserWindow.dispatchEvent(new Event('beforeunload', { cancelable: true }));

  it('is asked about until the end', () => {
    expect(asks()).toBe(false);
    const release = keep({ confirmUnload: true });
    expect(asks()).toBe(true);
    release();
    expect(asks()).toBe(false);
    expect(page.request).not.toHaveBeenCalled();
  });

  it('is not asked about unless that was asked for', () => {
    keep({});
    expect(asks()).toBe(false);
  });

  it('two recordings ask, each until its own end', async () => {
    const [one, two] = [
      keep({ confirmUnload: true, wakeLock: true }),
      keep({ confirmUnload: true, wakeLock: true }),
    ];
    await settled();
    expect(page.held).toBe(2);
    one();
    await settled();
    expect(asks()).toBe(true);
    expect(page.held).toBe(1);
    two();
    await settled();
    expect(asks()).toBe(false);
    expect(page.held).toBe(0);
  });
});
