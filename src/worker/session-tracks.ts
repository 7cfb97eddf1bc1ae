/** Which tracks a session has: a stream's, which are encoded here, or a call's, which come encoded. */
import type { ToTap } from '../encoded.ts';
import { load } from '../load.ts';
import type { Recording } from '../manifest.ts';
import type { MediaTracks, TracksContext } from './media-tracks.ts';
import { Overlaid } from './overlaid.ts';
import { ratePart } from './parts.ts';
import type {
  CallReplacement,
  FromWorker,
  Replacement,
  RingInput,
  RingSetup,
  SessionSetup,
} from './protocol.ts';
import type { RingHost } from './ring-host.ts';
import { Tracks } from './tracks.ts';

export type SessionTracks = MediaTracks<Replacement | CallReplacement>;
/** How a session opens its tracks. */
export type OpenTracks = (context: TracksContext) => SessionTracks;

/** What `passthrough.js`, loaded on demand, exports. */
export interface PassthroughModule {
  openCallTracks(context: TracksContext): MediaTracks<CallReplacement>;
}

/** What `clip.js`, loaded on demand, exports for workers. */
export interface ClipModule {
  openRing(setup: RingSetup, send: (message: FromWorker) => void, openTracks: OpenTracks): Promise<RingHost>;
  openRingTracks(context: TracksContext, input: RingInput): SessionTracks;
}

/** What `thumbnails.js`, loaded on demand, exports: it opens the tracks, and looks at what passes. */
export interface ThumbnailsModule {
  watchTracks(context: TracksContext, open: OpenTracks): SessionTracks;
}

/** Longer than this, a recording does not wait for the code for its thumbnails: it has none then. Milliseconds. */
const PATIENCE = 1_000;

/** Frames that come meanwhile wait in the browser. Never rejects: without thumbnails, the recording is what it is. */
const withThumbnails = async (url: string, open: OpenTracks): Promise<OpenTracks> => {
  const late = new Promise<undefined>(resolve => setTimeout(resolve, PATIENCE));
  const loading = load<ThumbnailsModule>(url).catch(() => undefined);
  const module = await Promise.race([loading, late]);
  if (module) return context => module.watchTracks(context, open);
  return context => {
    context.report.warn('thumbnails-left-out', `There are no thumbnails: ${url} could not be loaded.`);
    return open(context);
  };
};

type Opening = Pick<SessionSetup, 'call' | 'ring' | 'overlays' | 'options' | 'extrasUrl'>;

const openerOf = async ({ call, ring, overlays, options, extrasUrl }: Opening): Promise<OpenTracks> => {
  if (ring) {
    const { openRingTracks } = await load<ClipModule>(ring.url);
    return context => openRingTracks(context, ring);
  }
  if (call) {
    const { openCallTracks } = await load<PassthroughModule>(call.url);
    return context => openCallTracks(context) as SessionTracks;
  }
  const rate = options.video.frameRate === 'source' ? undefined : await ratePart(extrasUrl);
  const overlaid = await Overlaid.open(overlays);
  return context => {
    overlaid.note = event => context.keeper.note(event);
    return new Tracks({ ...context, overlaid, Rate: rate?.ConstantRate }) as SessionTracks;
  };
};

/**
 * How a session opens its tracks. The page sees to it that it gets replacements of the same kind.
 *
 * @throws WorkerFailedError (`worker-failed`) when the code for them is not where the page says.
 */
export const tracksFor = async (
  setup: Opening & Pick<SessionSetup, 'thumbnailsUrl'>,
): Promise<OpenTracks> => {
  const { thumbnailsUrl } = setup;
  const open = await openerOf(setup);
  return thumbnailsUrl ? withThumbnails(thumbnailsUrl, open) : open;
};

/** What the manifest says of it. */
export const methodOf = ({ call, ring }: SessionSetup): Recording['method'] =>
  ring ? ring.method : call ? 'passthrough' : 'encoding';

/** What there may be to be read. */
type Inputs = Partial<Replacement | CallReplacement> & Partial<Pick<SessionSetup, 'call' | 'ring'>>;

/** Lets go of what nobody will read. */
export const leave = ({ video, audio, call, ring }: Inputs): void => {
  for (const input of [video, audio]) {
    if (input === undefined || input === 'same') continue;
    if ('port' in input) input.port.postMessage({ type: 'close' } satisfies ToTap);
    else void input.readable.cancel().catch(() => undefined);
  }
  if (call) leave({ video: call.video, audio: call.audio });
  ring?.port.postMessage({ type: 'close' } satisfies ToTap);
};
