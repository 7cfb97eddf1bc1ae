/** Which tracks of a stream are read, and what is told of when they change: with a browser's streams made up. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Opened, RecorderSource } from '../../src/recorder-source.ts';
import { StreamSource } from '../../src/stream-source.ts';
import type { Replacement } from '../../src/worker/protocol.ts';

class FakeStream extends EventTarget {
  constructor(readonly tracks: MediaStreamTrack[] = []) {
    super();
  }
  getVideoTracks = (): MediaStreamTrack[] => this.tracks.filter(({ kind }) => kind === 'video');
  getAudioTracks = (): MediaStreamTrack[] => this.tracks.filter(({ kind }) => kind === 'audio');
}

const track = (kind: 'video' | 'audio'): MediaStreamTrack =>
  ({ kind, readyState: 'live', getSettings: () => ({}) }) as MediaStreamTrack;
const end = (given: MediaStreamTrack): void => void Object.assign(given, { readyState: 'ended' });

const BOTH = { video: true, audio: true };

let read: Map<unknown, MediaStreamTrack>;

beforeEach(() => {
  read = new Map();
  vi.stubGlobal('MediaStream', FakeStream);
  for (const name of ['VideoEncoder', 'AudioEncoder']) vi.stubGlobal(name, class {});
  const Processor = class {
    readonly readable = new ReadableStream();
    constructor({ track: of }: { track: MediaStreamTrack }) {
      read.set(this.readable, of);
    }
  };
  vi.stubGlobal('MediaStreamTrackProcessor', Processor);
});
afterEach(() => vi.unstubAllGlobals());

/** A stream, as a recorder holds it, and its tracks, which can be changed. */
const given = (...tracks: MediaStreamTrack[]): { source: StreamSource; tracks: MediaStreamTrack[] } => ({
  source: new StreamSource(new FakeStream(tracks) as unknown as MediaStream, BOTH),
  tracks,
});

/** As for a recording, or for what `dvr` keeps. */
const opened = (source: StreamSource): RecorderSource => {
  source.check();
  return (source.open() as Opened).source;
};

/** What is to be read according to a command. */
const told = (command: { message: { type: string; replacement?: unknown } } | undefined): unknown => {
  if (command === undefined) return undefined;
  const { video, audio } = command.message.replacement as Replacement;
  return [video, audio].map(one => (typeof one === 'object' ? read.get(one.readable) : one));
};

describe('what is read while something else begins with the stream', () => {
  it('takes up a track that was added just before', () => {
    const [camera, microphone] = [track('video'), track('audio')];
    const { source, tracks } = given(camera);
    const ring = opened(source);
    tracks.push(microphone);
    source.check();
    expect(told(ring.look())).toEqual(['same', microphone]);
    expect(ring.look()).toBeUndefined();
  });

  it('takes up the one in the place of a track that has ended just before', () => {
    const [camera, other, microphone] = [track('video'), track('video'), track('audio')];
    const { source, tracks } = given(camera, microphone);
    const ring = opened(source);
    end(camera);
    tracks.splice(0, 1, other);
    source.check();
    expect(told(ring.look())).toEqual([other, 'same']);
  });

  it('goes on with a track that has left the stream and lives; what another one takes is not read by it', async () => {
    const [camera, other] = [track('video'), track('video')];
    const { source, tracks } = given(camera);
    const first = opened(source);
    tracks.splice(0, 1, other);
    // The next recording begins, or is refused.
    opened(source);
    const { command } = await first.replacedBy(given(other).source);
    expect(told(command)).toEqual([other, undefined]);
  });

  it('also after it has gone over to another stream', async () => {
    const [camera, microphone] = [track('video'), track('audio')];
    const next = given(track('video'));
    const { source } = await opened(given(camera).source).replacedBy(next.source);
    next.tracks.push(microphone);
    next.source.check();
    expect(told(source.look())).toEqual(['same', microphone]);
  });
});
