/** What only the page can do for a recording of a call: ask its encoder, and look into its statistics. */
import type { DecoderLook, EncodedInput } from '../encoded.ts';
import { askEncoder } from './ask-encoder.ts';
import type { ControlAsks } from './control.ts';
import { sinceEpoch } from './frame-facts.ts';
import type { FrameFeed } from './frame-feed.ts';
import { type Probe, probe } from './probe.ts';
import type { Target } from './tap-host.ts';
import type { Tap } from './taps.ts';

/**
 * How far the decoder has come, and what was lost. It decodes whether the page shows the picture or not (Chromium 156 and
 * Firefox ESR 153). The statistics are read last: they must know of all that was lost before the picture that it shows.
 */
const lookAt = async (receiver: RTCRtpReceiver): Promise<DecoderLook> => {
  const at = sinceEpoch(performance.timeOrigin, performance.now());
  const shown = receiver.getSynchronizationSources().map(({ rtpTimestamp }) => rtpTimestamp);
  let [losses, dropped] = [0, 0];
  for (const entry of (await receiver.getStats()).values())
    if (entry.type === 'inbound-rtp') {
      // A packet that was sent again as it is counts as lost no more, but has been asked for.
      losses += Math.max(0, entry.packetsLost ?? 0) + (entry.nackCount ?? 0);
      dropped += entry.framesDropped ?? 0;
    }
  return { at, shown, losses, dropped };
};

/** For the tap of a receiver or sender. */
const asksOf = (target: Target): ControlAsks =>
  target instanceof RTCRtpSender
    ? { keyFrame: () => void askEncoder(target) }
    : { look: () => lookAt(target) };

/** What the connection has received or sent of a track. */
const bytesOf = async (target: Target): Promise<number> => {
  let bytes = 0;
  for (const entry of (await target.getStats()).values()) {
    if (entry.type === 'inbound-rtp') bytes += entry.bytesReceived ?? 0;
    if (entry.type === 'outbound-rtp') bytes += entry.bytesSent ?? 0;
  }
  return bytes;
};

/**
 * Finds out whether frames pass a tap, or are handed over by a feed, of which nothing else tells whether there are any.
 *
 * @param milliseconds longest to wait for one.
 * @throws the signal's reason, once it is aborted.
 */
export const probeTap = (
  tap: Tap | FrameFeed,
  milliseconds: number,
  signal?: AbortSignal,
): Promise<Probe> => {
  const bytes = async (): Promise<number> => ('target' in tap ? bytesOf(tap.target) : 0);
  return probe({ seen: () => tap.seen(), bytes }, milliseconds, signal);
};

/** A recording begins to listen. */
export const openTap = (tap: Tap | FrameFeed): EncodedInput => {
  const target = 'target' in tap ? tap.target : tap.receiver;
  return tap.open(target && asksOf(target));
};
