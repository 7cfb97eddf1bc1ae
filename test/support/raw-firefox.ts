/**
 * A Firefox driven over WebDriver BiDi (https://w3c.github.io/webdriver-bidi/), as Debian ships it: Playwright drives
 * only a Firefox that it has built itself. What it offers is what `raw-chromium.ts` offers, as far as tests of calls need it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';
import { findFirefox } from '../../scripts/lib/firefox.mjs';

/** How long Firefox may take until it listens; milliseconds. A first start on a busy machine takes ten seconds. */
const START_WITHIN = 60_000;

/** What a profile begins with. */
const PREFERENCES: Record<string, boolean | number | string> = {
  // A camera and a microphone that are made up, and nobody who would have to allow them.
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  'media.autoplay.default': 0,
  'media.autoplay.blocking_policy': 0,
  // Calls within one machine, with addresses that others can make use of.
  'media.peerconnection.ice.loopback': true,
  'media.peerconnection.ice.obfuscate_host_addresses': false,
  // H.264 in calls comes as a plugin that would be downloaded first. It is decoded by what the system has when it is
  // taken for hardware; 1 is "all is well" (nsIGfxInfo). Only decoded: told to send H.264, it sends nothing.
  'media.gmp-manager.updateEnabled': false,
  'media.webrtc.hw.h264.enabled': true,
  'gfx.blacklist.webrtc.hw.acceleration.h264': 1,
  // Pages that nobody looks at go on as if somebody did.
  'dom.min_background_timeout_value': 4,
  'dom.timeout.enable_budget_timer_throttling': false,
  // Nothing that opens, asks, updates or reports by itself.
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.page': 0,
  'browser.startup.homepage': 'about:blank',
  'browser.startup.homepage_override.mstone': 'ignore',
  'browser.aboutwelcome.enabled': false,
  'browser.newtabpage.enabled': false,
  'startup.homepage_welcome_url': 'about:blank',
  'startup.homepage_welcome_url.additional': '',
  'toolkit.startup.max_resumed_crashes': -1,
  'browser.sessionstore.resume_from_crash': false,
  'browser.tabs.warnOnClose': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'datareporting.healthreport.uploadEnabled': false,
  'toolkit.telemetry.enabled': false,
  'toolkit.telemetry.reportingpolicy.firstRun': false,
  'app.normandy.enabled': false,
  'app.update.enabled': false,
  'extensions.update.enabled': false,
  'browser.safebrowsing.update.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
};

/** What `script.evaluate` and `script.callFunction` give. */
type Evaluated =
  | { type: 'success'; result: RemoteValue }
  | { type: 'exception'; exceptionDetails: { text: string; stackTrace?: unknown } };

interface RemoteValue {
  type: string;
  value?: unknown;
  handle?: string;
}

interface Message {
  id?: number;
  type: 'success' | 'error' | 'event';
  result?: unknown;
  error?: string;
  message?: string;
  method?: string;
  params?: { channel?: string; data?: RemoteValue; source?: { context?: string } };
}

interface Waiting {
  resolve: (result: unknown) => void;
  reject: (error: Error) => void;
}

const remoteValue = (evaluated: Evaluated): RemoteValue => {
  if (evaluated.type === 'exception') throw new Error(evaluated.exceptionDetails.text);
  return evaluated.result;
};

/** One tab. */
export class FirefoxTab {
  constructor(
    private readonly browser: RawFirefox,
    private readonly context: string,
  ) {}

  /** Runs an expression in the page and waits for what it promises; the result must be JSON. */
  async evaluate<T>(expression: string): Promise<T> {
    const target = { context: this.context };
    // By its handle: objects are given in a notation of BiDi's own, and JSON is asked of the page itself.
    const given = { target, expression, awaitPromise: true, resultOwnership: 'root', userActivation: true };
    const value = remoteValue((await this.browser.send('script.evaluate', given)) as Evaluated);
    if (value.handle === undefined) return value.value as T;
    const text = remoteValue(
      (await this.browser.send('script.callFunction', {
        target,
        functionDeclaration: 'value => JSON.stringify(value)',
        arguments: [{ handle: value.handle }],
        awaitPromise: false,
      })) as Evaluated,
    );
    await this.browser.send('script.disown', { target, handles: [value.handle] });
    return (text.type === 'string' ? JSON.parse(text.value as string) : undefined) as T;
  }

  /** Shows it, and hides the one that was shown. */
  async show(): Promise<void> {
    await this.browser.send('browsingContext.activate', { context: this.context });
  }

  async close(): Promise<void> {
    await this.browser.send('browsingContext.close', { context: this.context });
  }
}

export class RawFirefox {
  readonly #waiting = new Map<number, Waiting>();
  /** Hear what the tabs report, by their browsing contexts. */
  readonly #listeners = new Map<string, (message: string) => void>();
  #lastId = 0;

  private constructor(
    private readonly child: ChildProcess,
    private readonly ended: Promise<void>,
    private readonly socket: WebSocket,
  ) {
    socket.on('message', data => this.#read(String(data)));
    const gone = (): void => {
      for (const { reject } of this.#waiting.values()) reject(new Error('The browser is gone.'));
      this.#waiting.clear();
    };
    socket.on('close', gone);
    socket.on('error', gone);
  }

  /**
   * @param profile folder for all that it keeps, from one start to the next.
   * @param preferences beside those that every one of this project starts with.
   */
  static async launch(
    profile: string,
    preferences: Record<string, boolean | number | string> = {},
  ): Promise<RawFirefox> {
    const executable = findFirefox();
    if (executable === undefined) throw new Error('There is no Firefox.');
    await mkdir(profile, { recursive: true });
    const lines = Object.entries({ ...PREFERENCES, ...preferences }).map(
      ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`,
    );
    await writeFile(join(profile, 'user.js'), lines.join(''));
    const args = ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port=0'];
    const child = spawn(executable, [...args, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'pipe'],
      // A group of its own, so that all of its processes can be killed at once.
      detached: true,
      // It writes below its home as well, and refuses one that is not its user's.
      env: { ...process.env, HOME: profile, MOZ_CRASHREPORTER_DISABLE: '1' },
    });
    const ended = new Promise<void>(resolve => child.once('exit', () => resolve()));
    try {
      const socket = new WebSocket(`${await addressOf(child)}/session`, { perMessageDeflate: false });
      await new Promise<void>((resolve, reject) => socket.once('open', resolve).once('error', reject));
      const browser = new RawFirefox(child, ended, socket);
      await browser.send('session.new', { capabilities: {} });
      await browser.send('session.subscribe', { events: ['script.message'] });
      return browser;
    } catch (error) {
      signal(child, 'SIGKILL');
      throw error;
    }
  }

  #read(text: string): void {
    const { id = 0, type, result, error, message, method, params } = JSON.parse(text) as Message;
    if (method === 'script.message')
      this.#listeners.get(params?.source?.context ?? '')?.(String(params?.data?.value));
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (type === 'error') waiting?.reject(new Error(`${error}: ${message}`));
    else waiting?.resolve(result);
  }

  /** A command of the protocol. */
  send(method: string, params: object = {}): Promise<unknown> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      if (this.socket.readyState !== WebSocket.OPEN) return reject(new Error('The browser is gone.'));
      this.#waiting.set(id, { resolve, reject });
      this.socket.send(JSON.stringify({ id, method, params }));
    });
  }

  /**
   * Opens an address in a tab, and waits until it is loaded.
   *
   * @param onReport hears at once what the page gives to its function `report`.
   */
  async open(url: string, onReport?: (message: string) => void): Promise<FirefoxTab> {
    const { context } = (await this.send('browsingContext.create', { type: 'tab' })) as { context: string };
    if (onReport) {
      this.#listeners.set(context, onReport);
      await this.send('script.addPreloadScript', {
        functionDeclaration: 'channel => { window.report = channel; }',
        arguments: [{ type: 'channel', value: { channel: 'report' } }],
        contexts: [context],
      });
    }
    await this.send('browsingContext.navigate', { context, url, wait: 'complete' });
    return new FirefoxTab(this, context);
  }

  /** Kills every process of it at once, as a crash of the machine does to programs. */
  async kill(): Promise<void> {
    signal(this.child, 'SIGKILL');
    await this.ended;
  }

  async close(): Promise<void> {
    const late = setTimeout(() => signal(this.child, 'SIGKILL'), 5_000);
    await this.send('browser.close').catch(() => undefined);
    this.socket.terminate();
    await this.ended;
    clearTimeout(late);
    // What it leaves behind when it ends in a hurry.
    signal(this.child, 'SIGKILL');
  }
}

/** To the whole group of a browser. */
const signal = (child: ChildProcess, name: NodeJS.Signals): void => {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, name);
  } catch {
    // It has ended already.
  }
};

/** Where a Firefox listens, as it says itself. */
const addressOf = (child: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    const said: string[] = [];
    const fail = (what: string): void => reject(new Error(`Firefox ${what}:\n${said.join('\n')}`));
    const late = setTimeout(() => fail(`did not listen within ${START_WITHIN} ms`), START_WITHIN);
    child.once('error', reject);
    child.once('exit', code => fail(`ended with ${code}`));
    if (!child.stderr) return reject(new Error('Firefox has no output.'));
    // It is read to the end, as a pipe that nobody reads holds up who writes to it.
    createInterface({ input: child.stderr }).on('line', line => {
      const address = /WebDriver BiDi listening on (ws:\S+)/.exec(line)?.[1];
      if (address !== undefined) {
        clearTimeout(late);
        resolve(address);
      } else if (said.length < 20) said.push(line);
    });
  });
