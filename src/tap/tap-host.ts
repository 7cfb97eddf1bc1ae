/** The one worker of all the taps of a page, and what is done when it does not come up. */
import { WorkerFailedError } from '../errors.ts';
import { READY } from './protocol.ts';
import { spawnTapWorker } from './spawn.ts';

/** What has a transform. */
export type Target = RTCRtpReceiver | RTCRtpSender;

interface Attached {
  target: Target;
  transform: RTCRtpScriptTransform;
}

/** A worker that lets everything through, for calls whose tap could not be loaded. */
const PASS = 'onrtctransform = ({ transformer: t }) => t.readable.pipeTo(t.writable).catch(() => {})';

let worker: Worker | undefined;
let failure: WorkerFailedError | undefined;
/** What was tapped before the worker was known to run. */
let unsure: Attached[] | undefined = [];

/** Media stand still while their worker does not come, and without a transform, too; with another one, they go on (Chromium 156). */
const rescue = (attached: readonly Attached[]): void => {
  // The page may have put a transform of its own in its place.
  const waiting = attached.filter(({ target, transform }) => target.transform === transform);
  if (waiting.length === 0) return;
  let passing: Worker | undefined;
  try {
    passing = new Worker(URL.createObjectURL(new Blob([PASS], { type: 'text/javascript' })));
  } catch {
    // A content security policy that forbids it. Firefox then lets media through without a transform.
  }
  const give = (worker?: Worker): void => {
    for (const { target } of waiting)
      target.transform = worker ? new RTCRtpScriptTransform(worker, {}) : null;
  };
  give(passing);
  // Newer browsers tell of a policy that forbids it in this way.
  passing?.addEventListener('error', () => give());
};

const fail = (detail: string, cause?: unknown): WorkerFailedError => {
  failure = new WorkerFailedError(`dist/tap.js ${detail}`, cause);
  rescue(unsure ?? []);
  unsure = undefined;
  return failure;
};

const spawn = (workerUrl: string | URL | undefined): Worker => {
  let spawned: Worker;
  try {
    spawned = spawnTapWorker(workerUrl);
  } catch (error) {
    throw fail(error instanceof Error ? error.message : String(error), error);
  }
  spawned.addEventListener('message', ({ data }) => {
    if (data === READY) unsure = undefined;
  });
  spawned.addEventListener('error', () => {
    // Once it runs nothing of it throws, and if it did, frames would go on.
    if (unsure) fail('could not be loaded');
  });
  return spawned;
};

/**
 * The worker; it is started at the first call, whose address holds for the life of the page.
 *
 * @throws WorkerFailedError (`worker-failed`): it could not be started or loaded.
 */
export const tapWorker = (workerUrl: string | URL | undefined): Worker => {
  if (failure) throw failure;
  worker ??= spawn(workerUrl);
  return worker;
};

/** Remembers what has to be given another transform if the worker can't be loaded. */
export const relyOnWorker = (attached: Attached): void => void unsure?.push(attached);
