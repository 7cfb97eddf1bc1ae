/** What keeps a page that records awake and open. In the page. */
import type { Told } from './events.ts';
import type { ResolvedOptions } from './options.ts';

/** Rejects, and never throws, in insecure contexts and in older browsers. */
const requestLock = async (): Promise<WakeLockSentinel> => {
  if (!navigator.wakeLock) throw new Error('this browser has no wake lock, or the page is not secure');
  return navigator.wakeLock.request('screen');
};

/**
 * Keeps the screen on (Screen Wake Lock API). Browsers take the lock away when the page is hidden; it is asked for again
 * when it is shown.
 *
 * @param onRefused hears why the browser does not give it, as with a low battery; never before this has returned.
 * @returns a function that lets it go.
 */
const keepScreenOn = (onRefused: (reason: string) => void): (() => void) => {
  let lock: WakeLockSentinel | undefined;
  let over = false;
  const letGo = (held: WakeLockSentinel | undefined): void => void held?.release().catch(() => undefined);
  const isWanted = (): boolean => !over && document.visibilityState === 'visible';
  const ask = async (): Promise<void> => {
    if (!isWanted()) return;
    try {
      const granted = await requestLock();
      // One is held at a time, and none that is granted too late.
      letGo(over ? granted : lock);
      if (!over) lock = granted;
    } catch (error) {
      // A page that was hidden meanwhile is refused it too; it asks again.
      if (isWanted()) onRefused(String(error));
    }
  };
  const onVisibility = (): void => void ask();
  document.addEventListener('visibilitychange', onVisibility);
  void ask();
  return () => {
    over = true;
    document.removeEventListener('visibilitychange', onVisibility);
    letGo(lock);
  };
};

/**
 * Lets the browser ask before the page is left (HTML, `beforeunload`). Browsers only do so once the page was touched.
 *
 * @returns a function that ends it.
 */
const askBeforeUnload = (): (() => void) => {
  const ask = (event: BeforeUnloadEvent): void => event.preventDefault();
  addEventListener('beforeunload', ask);
  return () => removeEventListener('beforeunload', ask);
};

/** Does what the options ask for; returns a function that ends it. */
export const keepOpen = (
  { wakeLock, confirmUnload }: Pick<ResolvedOptions, 'wakeLock' | 'confirmUnload'>,
  warn: (warning: Told<'warning'>) => void,
): (() => void) => {
  let refusals = 0;
  const refused = (reason: string): void =>
    warn({
      code: 'wake-lock-refused',
      message: `The screen may turn off while recording: ${reason}`,
      count: ++refusals,
    });
  const releases = [
    ...(wakeLock ? [keepScreenOn(refused)] : []),
    ...(confirmUnload ? [askBeforeUnload()] : []),
  ];
  return () => {
    for (const release of releases) release();
  };
};
