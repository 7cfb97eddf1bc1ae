/** When an event is sent again, and when no more. Pure; times are milliseconds since 1970. */

/** A webhook's patience, in milliseconds. */
export interface Timing {
  /** Until an event is sent again for the first time; each time after, three times as long. */
  firstDelay: number;
  longestDelay: number;
  /** From the first failure on. */
  giveUpAfter: number;
  /** Events of which is kept when they are due. */
  mostFailing: number;
}

/** An event that was not taken. */
export interface Failing {
  attempts: number;
  nextAt: number;
  /** When it was not taken for the first time. */
  since: number;
}

/** How a webhook's receiver is doing. */
export interface ReceiverState {
  /** Events that were not taken, since one was. */
  failures: number;
  /** Nothing is sent before this. */
  pausedUntil: number;
  /** When it took something while something else was failing. */
  takenAt: number;
  /** That it fails has been told since. */
  told?: boolean;
  /** By the event's name in the outbox. */
  failing: Readonly<Record<string, Failing>>;
  /** A hash of its address, when it said that it wants no more: of another address that does not hold. */
  goneFrom?: string;
}

/** Of a receiver that nothing is known of. */
export const NOTHING_KNOWN: ReceiverState = { failures: 0, pausedUntil: 0, takenAt: 0, failing: {} };

/** A receiver that fails is asked at least this often, while there are events that it may take; milliseconds. */
const LONGEST_PAUSE = 60_000;
/** The longest time that a receiver may ask for; milliseconds. */
const LONGEST_WAIT = 24 * 3600_000;
/** A receiver that has failed so often was away, and not only unable to take some events. */
const AWAY = 3;
/** An event that failed so often does not hold up the later ones of its recording any more. */
const PATIENCE = 12;
/** The same for one that failed while others were taken: it is not the receiver that is away. */
const PATIENCE_WITH_ONE = 3;

/** Milliseconds until the next attempt, after so many; `random` is 0 to 1, and spreads it by a fifth to either side. */
export const backoff = (attempts: number, { firstDelay, longestDelay }: Timing, random: number): number =>
  Math.round(Math.min(longestDelay, firstDelay * 3 ** Math.min(attempts - 1, 100)) * (0.8 + 0.4 * random));

/** Milliseconds that a `Retry-After` header asks for: seconds, or a date (RFC 9110, section 10.2.3). */
export const retryAfter = (header: string | null, now: number): number => {
  const text = header?.trim() ?? '';
  const wait = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return wait > 0 ? Math.min(LONGEST_WAIT, wait) : 0;
};

/** When an event may be sent. */
export const dueAt = ({ pausedUntil, failing }: ReceiverState, name: string): number =>
  Math.max(pausedUntil, failing[name]?.nextAt ?? 0);

/** How often it was tried in vain. */
export const attemptsOf = ({ failing }: ReceiverState, name: string): number => failing[name]?.attempts ?? 0;

/** True when the later events of its recording wait for it. */
export const holdsUp = ({ failing, takenAt }: ReceiverState, name: string): boolean => {
  const { attempts = 0, since = Number.POSITIVE_INFINITY } = failing[name] ?? {};
  return attempts < (takenAt > since ? PATIENCE_WITH_ONE : PATIENCE);
};

const without = (failing: ReceiverState['failing'], name: string): Record<string, Failing> => {
  const { [name]: _, ...rest } = failing;
  return rest;
};

const atOnce = (failing: ReceiverState['failing']): Record<string, Failing> =>
  Object.fromEntries(Object.entries(failing).map(([name, one]) => [name, { ...one, nextAt: 0 }]));

/** True of a receiver that nothing is to be remembered of. */
const isWell = ({ failures, failing }: ReceiverState): boolean =>
  failures === 0 && Object.keys(failing).length === 0;

/** True when it has taken nothing for so long that it is away. */
export const isAway = ({ failures }: ReceiverState): boolean => failures >= AWAY;

/** An event was taken: a receiver that was away is back, and gets all that waited. */
export const afterDelivery = (state: ReceiverState, name: string, now: number): ReceiverState => {
  if (isWell(state)) return state;
  const failing = without(state.failing, name);
  return {
    ...state,
    ...{ failures: 0, pausedUntil: 0, takenAt: now, told: false },
    failing: isAway(state) ? atOnce(failing) : failing,
  };
};

/** An event was not taken. `wait` is what the receiver asked for, in milliseconds. */
export const afterFailure = (
  state: ReceiverState,
  name: string,
  { now, wait = 0, timing, random }: { now: number; wait?: number; timing: Timing; random: number },
): ReceiverState => {
  const before = state.failing[name];
  const attempts = (before?.attempts ?? 0) + 1;
  const nextAt = now + Math.max(wait, backoff(attempts, timing, random));
  const failing = { ...state.failing, [name]: { attempts, nextAt, since: before?.since ?? now } };
  // Of several that were on their way together, only the first is news.
  if (now < state.pausedUntil) return { ...state, failing };
  const failures = state.failures + 1;
  const pause = Math.min(LONGEST_PAUSE, backoff(failures, timing, random));
  return { ...state, failing, failures, pausedUntil: now + Math.max(wait, pause) };
};

/** True when an event has been tried for long enough. */
export const isOver = (
  { failing }: ReceiverState,
  name: string,
  now: number,
  { giveUpAfter }: Timing,
): boolean => now - (failing[name]?.since ?? now) >= giveUpAfter;

/**
 * When more events fail than are kept in mind, the one that failed first of those that are not being sent now, if it is to be given up:
 * its time is over, or others were taken since, so that it is not the receiver that is away. `nobody` when none is: then the newest may be
 * forgotten.
 */
export const surplus = (
  { failing, takenAt }: ReceiverState,
  now: number,
  { mostFailing, giveUpAfter }: Timing,
  isBusy: (name: string) => boolean = () => false,
): { name: string } | 'nobody' | undefined => {
  const all = Object.entries(failing);
  if (all.length <= mostFailing) return undefined;
  const [first] = all.filter(([name]) => !isBusy(name)).sort(([, a], [, b]) => a.since - b.since);
  if (first === undefined) return 'nobody';
  const [name, { since }] = first;
  return takenAt > since || now - since >= giveUpAfter ? { name } : 'nobody';
};

/** An event is not sent any more, or counts as new. */
export const afterForgetting = (state: ReceiverState, name: string): ReceiverState =>
  name in state.failing ? { ...state, failing: without(state.failing, name) } : state;

/** The server was started again: nothing waits, and all that was tried before still counts. */
export const afterRestart = (state: ReceiverState): ReceiverState => ({
  ...state,
  pausedUntil: 0,
  failing: atOnce(state.failing),
});
