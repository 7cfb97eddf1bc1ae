import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { newReplacement, newSetup, startWorker } from '../../src/hand-over.ts';
import { resolveOptions } from '../../src/options.ts';
import { openInputs } from '../../src/source/capture.ts';
import { device } from '../../src/storage/device/device.ts';

/** What was opened for reading, in order. */
let opened: { track: MediaStreamTrack; readable: ReadableStream }[];

class FakeProcessor {
  readonly readable = new ReadableStream();
  constructor({ track }: { track: MediaStreamTrack }) {
    opened.push({ track, readable: this.readable });
  }
}

const track = (kind: 'video' | 'audio', settings: MediaTrackSettings = {}): MediaStreamTrack =>
  ({ kind, readyState: 'live', getSettings: () => settings }) as unknown as MediaStreamTrack;

beforeEach(() => {
  opened = [];
  vi.stubGlobal('MediaStreamTrackProcessor', FakeProcessor);
});
afterEach(() => vi.unstubAllGlobals());

const readableOf = (given: MediaStreamTrack): ReadableStream | undefined =>
  opened.find(one => one.track === given)?.readable;

describe('other tracks for a recording that runs', () => {
  const camera = track('video', { frameRate: 30 });
  const microphone = track('audio', { sampleRate: 48_000, channelCount: 2 });
  const before = { video: camera, audio: microphone };

  it('a track that is recorded already is the same, and not opened again', () => {
    const { replacement, transfer } = newReplacement(before, { ...before });
    expect(replacement).toEqual({ video: 'same', audio: 'same' });
    expect(transfer).toEqual([]);
    expect(opened).toEqual([]);
  });

  it('only what is new is opened and handed over', () => {
    const screen = track('video', { frameRate: 15 });
    const { replacement, transfer } = newReplacement(before, { video: screen, audio: microphone });
    expect(opened.map(one => one.track)).toEqual([screen]);
    expect(replacement.video).toEqual({ readable: readableOf(screen), frameRate: 15 });
    expect(replacement.audio).toBe('same');
    expect(transfer).toEqual([readableOf(screen)]);

    const headset = track('audio', { sampleRate: 16_000, channelCount: 1 });
    const next = newReplacement(before, { video: camera, audio: headset });
    expect(next.replacement.video).toBe('same');
    expect(next.replacement.audio).toEqual({
      readable: readableOf(headset),
      sampleRate: 16_000,
      numberOfChannels: 1,
    });
    expect(next.transfer).toEqual([readableOf(headset)]);
  });

  it('both, when both are new', () => {
    const [screen, headset] = [track('video'), track('audio')];
    const { replacement, transfer } = newReplacement(before, { video: screen, audio: headset });
    expect(replacement.video).toMatchObject({ readable: readableOf(screen) });
    expect(replacement.audio).toMatchObject({ readable: readableOf(headset) });
    expect(transfer).toEqual([readableOf(screen), readableOf(headset)]);
  });

  it('a kind that is missing now has ended, and one that was missing and still is, is not the same', () => {
    const none = { video: undefined, audio: undefined };
    expect(newReplacement(before, { ...none, video: camera }).replacement).toEqual({
      video: 'same',
      audio: undefined,
    });
    expect(
      newReplacement({ ...none, audio: microphone }, { ...none, audio: microphone }).replacement,
    ).toEqual({
      video: undefined,
      audio: 'same',
    });
    expect(newReplacement({ ...none, video: camera }, { ...none, video: camera }).replacement).toEqual({
      video: 'same',
      audio: undefined,
    });
    expect(opened).toEqual([]);
  });

  it('a kind that was missing is opened', () => {
    const { replacement, transfer } = newReplacement({ video: camera, audio: undefined }, before);
    expect(replacement.video).toBe('same');
    expect(replacement.audio).toMatchObject({ numberOfChannels: 2 });
    expect(transfer).toHaveLength(1);
  });

  it('another track with the same settings is another track', () => {
    const twin = track('video', { frameRate: 30 });
    expect(newReplacement(before, { ...before, video: twin }).replacement.video).toMatchObject({
      readable: readableOf(twin),
    });
  });
});

describe('a new recording', () => {
  const tracks = { video: track('video', { frameRate: 25 }), audio: undefined };

  it('has an id of its own, what is to be read, and plain data', () => {
    vi.stubGlobal('document', { baseURI: 'https://example.org/page/' });
    const options = resolveOptions({ metadata: { title: 'Monday show' } });
    const storage = device();
    const { video, audio, transfer } = openInputs(tracks);
    const first = newSetup('id', { video, audio }, { options, storage, workerUrl: '/files/worker.js' });
    expect(first.recordingId).toBe('id');
    expect(Date.parse(first.startedAt)).not.toBeNaN();
    expect(first).toMatchObject({ options, storage: storage.config, audio: undefined });
    expect(first.video).toEqual({ readable: opened[0]?.readable, frameRate: 25 });
    expect(transfer).toEqual([opened[0]?.readable]);
    const { video: _, ...plain } = first;
    expect(structuredClone(plain)).toEqual(plain);
    // Beside the worker, wherever the page lies.
    expect(first.aacEncoderUrl).toBe('https://example.org/files/aac-encoder.js');
    expect(first.extrasUrl).toBe('https://example.org/files/extras.js');
    // Only where thumbnails are wanted is there code for them.
    expect(first.thumbnailsUrl).toBeUndefined();
    const wanted = resolveOptions({ thumbnails: true });
    const { thumbnailsUrl } = newSetup(
      'an id',
      { video, audio },
      { options: wanted, storage, workerUrl: '/files/worker.js' },
    );
    expect(thumbnailsUrl).toBe('https://example.org/files/thumbnails.js');
  });

  it('a worker that can not be started is worker-failed, with the cause', () => {
    const cause = new DOMException('blocked for a reason of its own', 'SecurityError');
    vi.stubGlobal(
      'Worker',
      class {
        constructor() {
          throw cause;
        }
      },
    );
    expect(() => startWorker('https://example.org/worker.js')).toThrow(
      expect.objectContaining({
        code: 'worker-failed',
        cause,
        message: expect.stringContaining('blocked for a reason of its own'),
      }),
    );
  });
});
