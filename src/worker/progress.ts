/** When the page is told of progress. */

/** The page hears of progress so often: every message wakes its main thread, which costs more than what is in it. Milliseconds. */
const PROGRESS = 1_000;
/** What was captured so long ago has been counted; milliseconds. */
const COUNTED = 100;

/**
 * Until the page is told of progress again, in milliseconds: whenever the recording is a whole number of seconds long and a
 * moment more, so that a clock which shows whole seconds shows every one. Pure.
 *
 * @param now where on the timeline lies what is captured now, as far as that is known; microseconds.
 */
export const untilProgress = (now: number | undefined): number => {
  const wait = PROGRESS - (now === undefined ? 0 : (now / 1000 - COUNTED) % PROGRESS);
  // A timer that came a moment too early.
  return wait < COUNTED ? wait + PROGRESS : wait;
};

/** Has it told until the function is called that this gives back. */
export const tellProgress = (now: () => number | undefined, tell: () => void): (() => void) => {
  let timer: ReturnType<typeof setTimeout>;
  const wait = (): void => {
    timer = setTimeout(() => {
      tell();
      wait();
    }, untilProgress(now()));
  };
  wait();
  return () => clearTimeout(timer);
};
