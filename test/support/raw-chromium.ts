/**
 * A Chromium driven over its own pipe (Chrome DevTools Protocol), for what Playwright does not let happen: tabs that are
 * really hidden, and a browser that is killed with everything in it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { CHROMIUM_FLAGS, FAKE_DEVICE_FLAGS, findBrowser } from '../../scripts/lib/browser.mjs';

interface Answer {
  id?: number;
  result?: unknown;
  error?: { message: string };
  /** Of what the browser tells without having been asked. */
  method?: string;
  params?: { payload?: string; sessionId?: string; targetInfo?: { type: string } };
  sessionId?: string;
}

interface Waiting {
  resolve: (result: unknown) => void;
  reject: (error: Error) => void;
}

/** One tab. */
export class Tab {
  constructor(
    private readonly browser: RawChromium,
    private readonly targetId: string,
    private readonly sessionId: string,
  ) {}

  /** Runs an expression in the page and waits for what it promises; the result must be JSON. */
  async evaluate<T>(expression: string): Promise<T> {
    const given = { expression, awaitPromise: true, returnByValue: true, userGesture: true };
    const { result, exceptionDetails } = (await this.browser.send(
      'Runtime.evaluate',
      given,
      this.sessionId,
    )) as {
      result: { value: T };
      exceptionDetails?: { text: string; exception?: { description?: string } };
    };
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  /** A command of the protocol for this tab. */
  send(method: string, params: object): Promise<unknown> {
    return this.browser.send(method, params, this.sessionId);
  }

  /** Shows it, and hides the one that was shown. */
  async show(): Promise<void> {
    await this.browser.send('Target.activateTarget', { targetId: this.targetId });
  }

  /** The worker that its page has started. */
  async worker(): Promise<TabWorker> {
    const settings = { autoAttach: true, waitForDebuggerOnStart: false, flatten: true };
    await this.browser.send('Target.setAutoAttach', settings, this.sessionId);
    for (;;) {
      const session = this.browser.workers.get(this.sessionId);
      if (session !== undefined) return new TabWorker(this.browser, session);
      await new Promise(resolve => setTimeout(resolve, 20));
    }
  }

  async close(): Promise<void> {
    await this.browser.send('Target.closeTarget', { targetId: this.targetId });
  }
}

/** A worker of a tab's page. */
export class TabWorker {
  constructor(
    private readonly browser: RawChromium,
    private readonly sessionId: string,
  ) {}

  /** Bytes that are in use once the garbage is collected: objects, and what array buffers hold. */
  async memory(): Promise<number> {
    await this.browser.send('HeapProfiler.collectGarbage', {}, this.sessionId);
    const used = (await this.browser.send('Runtime.getHeapUsage', {}, this.sessionId)) as {
      usedSize: number;
      backingStorageSize?: number;
    };
    return used.usedSize + (used.backingStorageSize ?? 0);
  }
}

export class RawChromium {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #waiting = new Map<number, Waiting>();
  /** Hear what the tabs report, by their sessions. */
  readonly #listeners = new Map<string, (message: string) => void>();
  /** Sessions of workers, by those of their tabs. */
  readonly workers = new Map<string, string>();
  #lastId = 0;
  #rest = '';
  #gone = false;

  private constructor(profile: string, flags: readonly string[]) {
    const executable = findBrowser();
    if (executable === undefined) throw new Error('There is no Chromium.');
    const args = [
      '--headless=new',
      '--remote-debugging-pipe',
      '--no-first-run',
      `--user-data-dir=${profile}`,
    ];
    this.#child = spawn(
      executable,
      [...args, ...CHROMIUM_FLAGS, ...FAKE_DEVICE_FLAGS, ...flags, 'about:blank'],
      // A group of its own, so that all of its processes can be killed at once.
      { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'], detached: true },
    );
    this.#ended = new Promise(resolve => this.#child.once('exit', () => resolve()));
    const output = this.#child.stdio[4] as Readable;
    output.setEncoding('utf8');
    output.on('data', (text: string) => this.#read(text));
    const gone = (): void => {
      this.#gone = true;
      for (const { reject } of this.#waiting.values()) reject(new Error('The browser is gone.'));
      this.#waiting.clear();
    };
    output.on('close', gone);
    output.on('error', gone);
    (this.#child.stdio[3] as Writable).on('error', gone);
  }

  /** @param profile folder that is kept from one start to the next. */
  static async launch(profile: string, flags: readonly string[] = []): Promise<RawChromium> {
    const browser = new RawChromium(profile, flags);
    await browser.send('Browser.getVersion');
    return browser;
  }

  /** Of its first process, and of the group that all of them are in. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  #read(text: string): void {
    const messages = (this.#rest + text).split('\0');
    this.#rest = messages.pop() ?? '';
    for (const message of messages) {
      const { id = 0, result, error, method, params, sessionId = '' } = JSON.parse(message) as Answer;
      if (method === 'Target.attachedToTarget' && params?.targetInfo?.type === 'worker')
        this.workers.set(sessionId, params.sessionId ?? '');
      if (method === 'Runtime.bindingCalled') this.#listeners.get(sessionId)?.(params?.payload ?? '');
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error) waiting?.reject(new Error(error.message));
      else waiting?.resolve(result);
    }
  }

  send(method: string, params: object = {}, sessionId?: string): Promise<unknown> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      if (this.#gone) return reject(new Error('The browser is gone.'));
      this.#waiting.set(id, { resolve, reject });
      (this.#child.stdio[3] as Writable).write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  }

  /**
   * Opens an address in a tab, and waits until it is loaded.
   *
   * @param onReport hears at once what the page gives to its function `report`.
   */
  async open(url: string, onReport?: (message: string) => void): Promise<Tab> {
    const { targetId } = (await this.send('Target.createTarget', { url })) as { targetId: string };
    const { sessionId } = (await this.send('Target.attachToTarget', { targetId, flatten: true })) as {
      sessionId: string;
    };
    if (onReport) {
      this.#listeners.set(sessionId, onReport);
      await this.send('Runtime.enable', {}, sessionId);
      await this.send('Runtime.addBinding', { name: 'report' }, sessionId);
    }
    const tab = new Tab(this, targetId, sessionId);
    // The document that a tab begins with goes while it is asked.
    const loaded = `location.href !== 'about:blank' && document.readyState === 'complete'`;
    while (!(await tab.evaluate(loaded).catch(() => false)))
      await new Promise(resolve => setTimeout(resolve, 20));
    return tab;
  }

  /** Kills every process of it at once, as a crash of the machine does to programs. */
  async kill(): Promise<void> {
    this.#signal('SIGKILL');
    await this.#ended;
  }

  async close(): Promise<void> {
    await this.send('Browser.close').catch(() => undefined);
    const late = setTimeout(() => this.#signal('SIGKILL'), 5_000);
    await this.#ended;
    clearTimeout(late);
  }

  #signal(signal: NodeJS.Signals): void {
    try {
      process.kill(-(this.#child.pid ?? 0), signal);
    } catch {
      // It has ended already.
    }
  }
}
