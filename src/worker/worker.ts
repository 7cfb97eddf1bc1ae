/** The worker's entry: one session at a time, one worker for each recording. */
import { asSteadyreelError, errorToMessage } from '../errors.ts';
import { load } from '../load.ts';
import { Asks } from './asks.ts';
import type { OpenBoth, OverlaysModule, RunningSession } from './overlaid.ts';
import { prepare, recoveryPart } from './parts.ts';
import type { FromWorker, RingSetup, SessionSetup, ToWorker } from './protocol.ts';
import type { RingHost } from './ring-host.ts';
import { Session } from './session.ts';
import { type ClipModule, leave, tracksFor } from './session-tracks.ts';
import { handOver } from './turn.ts';

const scope = self as unknown as {
  postMessage(message: FromWorker, transfer?: Transferable[]): void;
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  addEventListener(type: 'unhandledrejection' | 'error', listener: (event: Event) => void): void;
};

const send = (message: FromWorker, transfer: Transferable[] = []): void =>
  scope.postMessage(message, transfer);
const asks = new Asks(send);
/** A recording, or the ring of a stream. */
let session: Promise<RunningSession | RingHost | undefined> | undefined;
let ring: Promise<RingHost | undefined> | undefined;
/** Ends a recovery. */
const recovery = new AbortController();

/** Lets go of what can't be begun, and says why. */
const refuse = (setup: SessionSetup | RingSetup, error: unknown): undefined => {
  leave(setup);
  send({ type: 'failed', error: errorToMessage(error), recording: undefined });
};

const openSession = async (setup: SessionSetup): Promise<RunningSession | undefined> => {
  const { options, overlays } = setup;
  if (options.record !== 'both' || !overlays) return Session.open(setup, asks, send);
  try {
    const [{ openBoth }, openTracks] = await Promise.all([
      load<OverlaysModule>(overlays.url),
      tracksFor(setup),
    ]);
    const open = (...[its, tell, tracks]: Parameters<Parameters<OpenBoth>[2]>) =>
      Session.open(its, asks, tell, tracks);
    return await openBoth(setup, openTracks, open, send);
  } catch (error) {
    return refuse(setup, error);
  }
};

const openRing = async (setup: RingSetup): Promise<RingHost | undefined> => {
  try {
    const [{ openRing: open }, openTracks] = await Promise.all([
      load<ClipModule>(setup.url),
      tracksFor(setup),
    ]);
    return await open(setup, send, openTracks);
  } catch (error) {
    return refuse(setup, error);
  }
};

const handle = async (message: ToWorker): Promise<void> => {
  switch (message.type) {
    case 'start':
      session = openSession(message.setup);
      return;
    case 'prepare':
      return prepare(message.extrasUrl);
    case 'ring':
      session = ring = openRing(message.setup);
      return;
    case 'read':
      return (await ring)?.read(message.id, message.request, message.port, message.exact);
    case 'forget':
      return (await ring)?.forget(message.id);
    case 'recover': {
      const { setup } = message;
      // The page hears of it when it can't be loaded: see below.
      const { recoverAll } = await recoveryPart(setup.recoveryUrl);
      return recoverAll({ setup, asks, signal: recovery.signal, send });
    }
    case 'answer':
      return asks.answer(message.id, message);
    case 'replace':
    case 'replace-call':
      return (await session)?.replace(message.replacement);
    case 'pause':
      return (await session)?.pause();
    case 'resume':
      return (await session)?.resume();
    case 'hand-over':
      return handOver(message.port, session);
    case 'stop':
      return (await session)?.stop(message.inTime);
    case 'abort':
      recovery.abort();
      return (await session)?.abort();
  }
};

scope.onmessage = ({ data }) => void handle(data);

// Nothing should get here. If it does, the recording ends, and what there is of it is kept; the page would end the worker.
const onUncaught = (event: Event, error: unknown): void => {
  event.preventDefault();
  if (session) void session.then(running => running?.onUncaught(error));
  else
    scope.postMessage({
      type: 'failed',
      error: errorToMessage(asSteadyreelError(error)),
      recording: undefined,
    });
};
scope.addEventListener('unhandledrejection', event =>
  onUncaught(event, (event as PromiseRejectionEvent).reason),
);
scope.addEventListener('error', event => onUncaught(event, (event as ErrorEvent).error));
