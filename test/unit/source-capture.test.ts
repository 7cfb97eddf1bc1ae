import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { audioPieces, checkBrowser, liveTracks, videoFrames } from '../../src/source/capture.ts';

class FakeStream {
  constructor(private readonly tracks: MediaStreamTrack[]) {}
  getVideoTracks = () => this.tracks.filter(track => track.kind === 'video');
  getAudioTracks = () => this.tracks.filter(track => track.kind === 'audio');
}

const track = (kind: 'video' | 'audio', readyState: MediaStreamTrackState = 'live'): MediaStreamTrack =>
  ({ kind, readyState }) as MediaStreamTrack;

const BOTH = { video: true, audio: true };

beforeEach(() => vi.stubGlobal('MediaStream', FakeStream));
afterEach(() => vi.unstubAllGlobals());

describe('the tracks that are recorded', () => {
  it('the first live one of each kind', () => {
    const tracks = [track('video', 'ended'), track('video'), track('video'), track('audio')];
    const live = liveTracks(new FakeStream(tracks), BOTH);
    expect(live.video).toBe(tracks[1]);
    expect(live.audio).toBe(tracks[3]);
  });

  it('none of a kind that is not there, not live, or not wanted', () => {
    const stream = new FakeStream([track('video'), track('audio')]);
    expect(liveTracks(stream, { video: true, audio: false }).audio).toBeUndefined();
    expect(liveTracks(stream, { video: false, audio: true }).video).toBeUndefined();
    const halfEnded = new FakeStream([track('video'), track('audio', 'ended')]);
    expect(liveTracks(halfEnded, BOTH)).toEqual({ video: track('video'), audio: undefined });
    expect(liveTracks(new FakeStream([track('audio')]), BOTH).video).toBeUndefined();
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a track', track('video')],
    ['text', 'camera'],
  ])('%s is no source', (_, source) => {
    expect(() => liveTracks(source, BOTH)).toThrow(expect.objectContaining({ code: 'source-invalid' }));
  });

  it('a stream without tracks, or without wanted ones', () => {
    const code = expect.objectContaining({ code: 'source-no-tracks' });
    expect(() => liveTracks(new FakeStream([]), BOTH)).toThrow(code);
    expect(() => liveTracks(new FakeStream([track('audio')]), { video: true, audio: false })).toThrow(code);
  });

  it('a stream whose tracks have all ended', () => {
    const stream = new FakeStream([track('video', 'ended'), track('audio', 'ended')]);
    expect(() => liveTracks(stream, BOTH)).toThrow(
      expect.objectContaining({ code: 'source-ended', tracks: 2 }),
    );
  });
});

describe('what a browser lacks', () => {
  const tracks = { video: track('video'), audio: track('audio') };

  it('is named, all of it', () => {
    expect(() => checkBrowser(tracks)).toThrow(
      expect.objectContaining({
        code: 'browser-unsupported',
        missing: ['MediaStreamTrackProcessor', 'VideoEncoder', 'AudioEncoder'],
        message: expect.stringContaining('MediaStreamTrackProcessor, VideoEncoder, AudioEncoder'),
      }),
    );
  });

  it('is only what the tracks need', () => {
    vi.stubGlobal('MediaStreamTrackProcessor', class {});
    vi.stubGlobal('AudioEncoder', class {});
    expect(() => checkBrowser({ video: undefined, audio: tracks.audio })).not.toThrow();
    expect(() => checkBrowser(tracks)).toThrow(expect.objectContaining({ missing: ['VideoEncoder'] }));
  });
});

describe('reading in a worker', () => {
  it('lets the browser hold two seconds of frames and three of audio while the worker is busy', () => {
    const made: { track: MediaStreamTrack; maxBufferSize: number }[] = [];
    const readable = new ReadableStream();
    const Processor = class {
      readable = readable;
      constructor(init: { track: MediaStreamTrack; maxBufferSize: number }) {
        made.push(init);
      }
    };
    vi.stubGlobal('MediaStreamTrackProcessor', Processor);
    expect(videoFrames(track('video'))).toBe(readable);
    expect(audioPieces(track('audio'))).toBe(readable);
    expect(made).toEqual([
      { track: track('video'), maxBufferSize: 60 },
      { track: track('audio'), maxBufferSize: 300 },
    ]);
  });
});
