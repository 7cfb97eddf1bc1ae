/**
 * Two recordings of the same tracks at once: the original, and the one with overlays. They share readers, clocks, decisions and sound, so
 * that they have one timeline; each has encoders, files, a journal and a manifest of its own. In the worker, from `overlays.js`.
 */
import { deferred } from '../deferred.ts';
import type { ManifestEvent } from '../manifest.ts';
import { BothFiles } from './both-files.ts';
import { BothVoices } from './both-voices.ts';
import type { TracksContext } from './media-tracks.ts';
import type { OpenBoth, RunningSession } from './overlaid.ts';
import type { SessionSetup } from './protocol.ts';
import type { Session } from './session.ts';
import type { OpenTracks, SessionTracks } from './session-tracks.ts';

/** A link between the two sessions: what one has to know of the other. */
class Pair {
  original: Session | undefined;
  composited: Session | undefined;
  /** What the composited one gives to be filled. */
  twin: TracksContext | undefined;
  tracks: SessionTracks | undefined;
  /** Resolves when all of the tracks is in the files. */
  readonly read = deferred<void>();
}

/** The tracks as the composited session has them: it is filled by the original's, and ends with them. */
const following = (pair: Pair): SessionTracks => ({
  get duration() {
    return pair.tracks?.duration ?? 0;
  },
  get endTime() {
    return pair.tracks?.endTime ?? 0;
  },
  get now() {
    return pair.tracks?.now;
  },
  pause: () => undefined,
  resume: () => undefined,
  replace: async () => undefined,
  keyFrameAt: () => undefined,
  stop: async () => {
    void pair.original?.stop();
    if (pair.tracks) await pair.read.promise;
  },
  cancel: () => undefined,
});

/** The tracks as the original session has them: whatever it does with them, it does for both. */
const leading = (pair: Pair, tracks: SessionTracks): SessionTracks => ({
  get duration() {
    return tracks.duration;
  },
  get endTime() {
    return tracks.endTime;
  },
  get now() {
    return tracks.now;
  },
  pause: () => tracks.pause(),
  resume: () => tracks.resume(),
  replace: replacement => tracks.replace(replacement),
  keyFrameAt: time => tracks.keyFrameAt(time),
  endBefore: async timestamp => tracks.endBefore?.(timestamp),
  stop: async () => {
    void pair.composited?.stop();
    await tracks.stop().finally(() => pair.read.resolve());
  },
  // Of thumbnails: the original has them.
  stored: async () => tracks.stored?.(),
  cancel: () => {
    tracks.cancel();
    pair.read.resolve();
  },
});

/** Fills the files of both. */
const openFor = (pair: Pair, openTracks: OpenTracks, context: TracksContext): SessionTracks => {
  const { files, stats, keeper } = context;
  const twin = pair.twin as TracksContext;
  const note = (event: ManifestEvent): void => {
    if (event.type !== 'overlays') keeper.note(event);
    twin.keeper.note(event);
  };
  pair.tracks = openTracks({
    ...context,
    files: new BothFiles(files, twin.files),
    keeper: { note },
    outputs: [
      { files, stats, draws: false },
      { files: twin.files, stats: twin.stats, draws: true },
    ],
  });
  return leading(pair, pair.tracks);
};

const running = ({ original, composited }: Pair): RunningSession => ({
  pause: () => original?.pause(),
  resume: () => original?.resume(),
  replace: async replacement => original?.replace(replacement),
  endBefore: async timestamp => original?.endBefore(timestamp),
  stop: async inTime => original?.stop(inTime),
  abort: async () => void (await Promise.all([original?.abort(), composited?.abort()])),
  onUncaught: error => original?.onUncaught(error),
});

/** Begins both. Never rejects: what goes wrong is sent. */
export const openBoth: OpenBoth = async (setup, openTracks, openSession, send) => {
  const pair = new Pair();
  const id = crypto.randomUUID();
  const voices = new BothVoices(id, send, which => void pair[which]?.abort());
  const listening: SessionSetup = {
    ...{ ...setup, recordingId: id, video: undefined, audio: undefined, overlays: undefined },
    ...{ kind: 'composited', linked: { kind: 'original', id: setup.recordingId } },
    // Whose turn it is, and with that what is too short, is up to the original.
    ...(setup.after && { after: undefined, options: { ...setup.options, minDuration: 0 } }),
  };
  // First the one that only listens: it is there when frames come.
  pair.composited = await openSession(listening, voices.of('composited'), context => {
    pair.twin = context;
    return following(pair);
  });
  if (!pair.composited) {
    for (const input of [setup.video, setup.audio]) void input?.readable.cancel().catch(() => undefined);
    return void voices.of('original')({ type: 'aborted' });
  }
  const leader: SessionSetup = { ...setup, kind: 'original', linked: { kind: 'composited', id } };
  pair.original = await openSession(leader, voices.of('original'), context =>
    openFor(pair, openTracks, context),
  );
  // Its storage may have refused meanwhile.
  if (voices.isOver('composited')) void pair.original?.abort();
  return running(pair);
};
