import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LiveTracks } from '../../src/source/capture.ts';
import { nextTracks, watchTracks } from '../../src/source/watch.ts';

/** A stream of the page, whose own `addTrack()` fires no event. */
class FakeStream extends EventTarget {
  constructor(readonly tracks: MediaStreamTrack[] = []) {
    super();
  }
  getVideoTracks = (): MediaStreamTrack[] => this.tracks.filter(({ kind }) => kind === 'video');
  getAudioTracks = (): MediaStreamTrack[] => this.tracks.filter(({ kind }) => kind === 'audio');
}

type Kind = 'video' | 'audio';
const track = (kind: Kind, readyState: MediaStreamTrackState = 'live'): MediaStreamTrack =>
  ({ kind, readyState }) as MediaStreamTrack;
const end = (given: MediaStreamTrack): void => void Object.assign(given, { readyState: 'ended' });
const streamOf = (...tracks: MediaStreamTrack[]): MediaStream =>
  new FakeStream(tracks) as unknown as MediaStream;

const BOTH = { video: true, audio: true };
const NONE: LiveTracks = { video: undefined, audio: undefined };

/** The very same tracks; equal ones are not enough. */
const expectTracks = (
  tracks: LiveTracks,
  video: MediaStreamTrack | undefined,
  audio?: MediaStreamTrack,
): void => {
  expect(tracks.video).toBe(video);
  expect(tracks.audio).toBe(audio);
};

describe('what is to be recorded now', () => {
  it('what is recorded, for as long as it lives, whatever else the stream has', () => {
    const [camera, screen, microphone] = [track('video'), track('video'), track('audio')];
    const current = { video: camera, audio: microphone };
    expectTracks(nextTracks(streamOf(screen, camera, microphone), current, BOTH), camera, microphone);
    // Also when the page has taken it out of the stream.
    expectTracks(nextTracks(streamOf(screen), current, BOTH), camera, microphone);
    expectTracks(nextTracks(streamOf(), current, BOTH), camera, microphone);
  });

  it("what has ended gives way to the stream's first live track of its kind", () => {
    const [camera, dead, screen, other] = [
      track('video'),
      track('video', 'ended'),
      track('video'),
      track('video'),
    ];
    const stream = streamOf(camera, track('audio'), dead, screen, other);
    end(camera);
    expect(nextTracks(stream, { ...NONE, video: camera }, BOTH).video).toBe(screen);
  });

  it('what has ended stays when there is nothing in its place', () => {
    const [camera, microphone] = [track('video', 'ended'), track('audio')];
    const current = { video: camera, audio: microphone };
    expectTracks(nextTracks(streamOf(camera, microphone), current, BOTH), camera, microphone);
    expectTracks(nextTracks(streamOf(microphone), current, BOTH), camera, microphone);
  });

  it('a kind that was not there is taken up when it appears, unless it is not wanted', () => {
    const [camera, microphone] = [track('video'), track('audio')];
    const current = { ...NONE, video: camera };
    const stream = streamOf(camera, microphone);
    expectTracks(nextTracks(stream, current, BOTH), camera, microphone);
    expectTracks(nextTracks(stream, current, { video: true, audio: false }), camera, undefined);
    expectTracks(nextTracks(stream, NONE, { video: false, audio: true }), undefined, microphone);
    expectTracks(nextTracks(streamOf(camera, track('audio', 'ended')), current, BOTH), camera, undefined);
  });

  it('a look that finds nothing new changes nothing, however often', () => {
    const any = fc.record({
      kind: fc.constantFrom<Kind>('video', 'audio'),
      state: fc.constantFrom<MediaStreamTrackState>('live', 'ended'),
    });
    fc.assert(
      fc.property(fc.array(any, { maxLength: 6 }), fc.boolean(), fc.boolean(), (given, video, audio) => {
        const stream = streamOf(...given.map(({ kind, state }) => track(kind, state)));
        const once = nextTracks(stream, NONE, { video, audio });
        const again = nextTracks(stream, once, { video, audio });
        expectTracks(again, once.video, once.audio);
        for (const [kind, found, want] of [
          ['video', once.video, video],
          ['audio', once.audio, audio],
        ] as const) {
          expect(found?.kind ?? kind).toBe(kind);
          const live = given.some(one => one.kind === kind && one.state === 'live');
          expect(found !== undefined).toBe(want && live);
        }
      }),
    );
  });
});

describe('watching a stream', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('looks when a track is added by the browser, at once', () => {
    const stream = new FakeStream();
    const look = vi.fn();
    watchTracks(stream as unknown as MediaStream, look, () => false);
    expect(look).not.toHaveBeenCalled();
    stream.dispatchEvent(new Event('addtrack'));
    expect(look).toHaveBeenCalledTimes(1);
  });

  it('looks now and then, as a track that a script adds fires no event: every half second while one is missed', () => {
    const look = vi.fn();
    let misses = false;
    watchTracks(new FakeStream() as unknown as MediaStream, look, () => misses);
    vi.advanceTimersByTime(30_000);
    expect(look).toHaveBeenCalledTimes(3);
    misses = true;
    vi.advanceTimersByTime(12_000);
    expect(look).toHaveBeenCalledTimes(3 + 1 + 4);
  });

  it('can be ended by a look', () => {
    const unwatch = watchTracks(
      new FakeStream() as unknown as MediaStream,
      () => unwatch(),
      () => true,
    );
    vi.advanceTimersByTime(60_000);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('looks no more once it was ended', () => {
    const stream = new FakeStream();
    const look = vi.fn();
    const unwatch = watchTracks(stream as unknown as MediaStream, look, () => false);
    unwatch();
    stream.dispatchEvent(new Event('addtrack'));
    vi.advanceTimersByTime(60_000);
    expect(look).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });
});
