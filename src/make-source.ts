/** Whatever a recorder is given, as a source. In the page. */
import { Call, type GivenCall, isCall } from './call.ts';
import { addressOf, besideWorker } from './hand-over.ts';
import type { ResolvedOptions } from './options.ts';
import type { Openable, Wanted } from './recorder-source.ts';
import { StreamSource } from './stream-source.ts';

/**
 * What can be recorded: a `MediaStream`, which is encoded; or a WebRTC call, which is recorded as it was encoded: a peer
 * connection, or some of its receivers, some of its senders, or `FrameFeed`s.
 */
export type Source = MediaStream | GivenCall;

/** What is no source at all is told when a recording is to begin. */
export const makeSource = (
  source: Source,
  want: Wanted,
  options: ResolvedOptions,
  workerUrl: string | URL | undefined,
): Openable => {
  if (!isCall(source)) return new StreamSource(source as MediaStream, want);
  return new Call(source, want, {
    tapUrl: besideWorker('tap.js', workerUrl),
    passthroughUrl: addressOf('passthrough.js', workerUrl),
    options,
  });
};
