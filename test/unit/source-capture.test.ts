import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { checkBrowser, liveTracks, openInputs } from '../../src/source/capture.ts';

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

describe('what is handed to a worker', () => {
  /** A track with these settings. */
  const withSettings = (kind: 'video' | 'audio', settings: MediaTrackSettings): MediaStreamTrack =>
    ({ kind, readyState: 'live', getSettings: () => settings }) as MediaStreamTrack;

  const opened: { kind: string; maxBufferSize: number; readable: ReadableStream }[] = [];
  beforeEach(() => {
    opened.length = 0;
    const Processor = class {
      readonly readable = new ReadableStream();
      constructor({ track: { kind }, maxBufferSize }: { track: MediaStreamTrack; maxBufferSize: number }) {
        opened.push({ kind, maxBufferSize, readable: this.readable });
      }
    };
    vi.stubGlobal('MediaStreamTrackProcessor', Processor);
  });

  it('the streams, what the settings say, and what has to be transferred', () => {
    const video = withSettings('video', { frameRate: 25 });
    const audio = withSettings('audio', { sampleRate: 44_100, channelCount: 1 });
    const inputs = openInputs({ video, audio });
    const [frames, pieces] = opened.map(({ readable }) => readable);
    expect(inputs.video).toEqual({ readable: frames, frameRate: 25 });
    // Before its first frame, a track of a call has none.
    const silent = openInputs({ video: withSettings('video', { frameRate: 0 }), audio: undefined });
    expect(silent.video?.frameRate).toBeUndefined();
    expect(inputs.audio).toEqual({ readable: pieces, sampleRate: 44_100, numberOfChannels: 1 });
    expect(inputs.transfer).toEqual([frames, pieces]);
  });

  it('nothing of a kind that there is none of', () => {
    const inputs = openInputs({ video: undefined, audio: withSettings('audio', {}) });
    expect(inputs.video).toBeUndefined();
    expect(inputs.audio).toMatchObject({ sampleRate: undefined, numberOfChannels: undefined });
    expect(inputs.transfer).toHaveLength(1);
    expect(openInputs({ video: undefined, audio: undefined }).transfer).toEqual([]);
  });

  it('lets the browser hold two seconds of frames and three of audio while the worker is busy', () => {
    openInputs({ video: withSettings('video', {}), audio: withSettings('audio', {}) });
    expect(opened.map(({ kind, maxBufferSize }) => [kind, maxBufferSize])).toEqual([
      ['video', 60],
      ['audio', 300],
    ]);
  });
});
