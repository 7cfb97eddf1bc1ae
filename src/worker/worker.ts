/** The worker's entry: one session at a time, one worker for each recording. */
import { asSteadyreelError, errorToMessage } from '../errors.ts';
import type { FromWorker, ToWorker } from './protocol.ts';
import { Session } from './session.ts';

const scope = self as unknown as {
  postMessage(message: FromWorker): void;
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  addEventListener(type: 'unhandledrejection', listener: (event: PromiseRejectionEvent) => void): void;
};

let session: Promise<Session | undefined> | undefined;

const handle = async (message: ToWorker): Promise<void> => {
  switch (message.type) {
    case 'start':
      session = Session.open(message.setup, sent => scope.postMessage(sent));
      return;
    case 'replace':
      return (await session)?.replace(message.replacement);
    case 'pause':
      return (await session)?.pause();
    case 'resume':
      return (await session)?.resume();
    case 'stop':
      return (await session)?.stop();
    case 'abort':
      return (await session)?.abort();
  }
};

scope.onmessage = ({ data }) => void handle(data);

// Nothing should get here; if it does, the page must hear of it.
scope.addEventListener('unhandledrejection', event => {
  scope.postMessage({ type: 'error', error: errorToMessage(asSteadyreelError(event.reason)) });
});
