/** The browsers that calls are tested in, driven in the same way. */
import { LOOPBACK_FLAGS } from './lossy-path.ts';
import { RawChromium } from './raw-chromium.ts';
import { RawFirefox } from './raw-firefox.ts';

export type CallBrowserName = 'Chromium' | 'Firefox';

/** What both have in common. */
export interface CallTab {
  /** Runs an expression in the page and waits for what it promises; the result must be JSON. */
  evaluate<T>(expression: string): Promise<T>;
  show(): Promise<void>;
  close(): Promise<void>;
}

export interface CallBrowser {
  open(url: string, onReport?: (message: string) => void): Promise<CallTab>;
  /** Kills every process of it at once. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

/** Starts one with a camera and a microphone that are made up, and lets it call itself on this machine. */
export const launchForCalls = (name: CallBrowserName, profile: string): Promise<CallBrowser> =>
  name === 'Chromium' ? RawChromium.launch(profile, LOOPBACK_FLAGS) : RawFirefox.launch(profile);

export const CALL_BROWSERS: readonly CallBrowserName[] = ['Chromium', 'Firefox'];
