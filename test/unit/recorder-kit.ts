/** A page's side of the browser, in Node: tracks that give nothing, and workers that say what the test wants. */
import { vi } from 'vitest';
import type { Recording } from '../../src/index.ts';
import type { FromWorker, ToWorker } from '../../src/worker/protocol.ts';

/** Those that were told to record, in order. */
export let workers: FakeWorker[] = [];
/** Those that keep a ring, in order. They answer by themselves. */
export let rings: FakeWorker[] = [];

export class FakeWorker {
  onmessage: ((event: { data: FromWorker }) => void) | null = null;
  onerror: unknown = null;
  readonly told: ToWorker[] = [];

  postMessage(message: ToWorker): void {
    this.told.push(message);
    if (message.type === 'start') workers.push(this);
    if (message.type === 'ring') {
      rings.push(this);
      this.say({ type: 'started' });
    }
    if (message.type === 'read')
      this.say({ type: 'located', id: message.id, startedAt: new Date().toISOString() });
  }

  say(message: FromWorker): void {
    this.onmessage?.({ data: message });
  }

  terminate(): void {}

  /** What it was told since it began. */
  get heard(): string[] {
    return this.told.map(({ type }) => type).filter(type => type !== 'prepare' && type !== 'start');
  }
}

export class FakeStream extends EventTarget {
  constructor(private readonly tracks: readonly FakeTrack[] = []) {
    super();
  }
  getTracks() {
    return this.tracks;
  }
  getVideoTracks() {
    return this.tracks.filter(({ kind }) => kind === 'video');
  }
  getAudioTracks() {
    return this.tracks.filter(({ kind }) => kind === 'audio');
  }
}

export interface FakeTrack extends EventTarget {
  readonly kind: 'video' | 'audio';
  readonly readyState: 'live' | 'ended';
  stop(): void;
}

export const trackOf = (kind: 'video' | 'audio'): FakeTrack => {
  const track = Object.assign(new EventTarget(), {
    ...{ kind, readyState: 'live' as 'live' | 'ended', muted: false, getSettings: () => ({}) },
    stop: () => {
      track.readyState = 'ended';
    },
  });
  return track;
};
export const streamOf = (...tracks: FakeTrack[]): MediaStream =>
  new FakeStream(tracks) as unknown as MediaStream;

/** Puts it all in place, for one test. */
export const enterBrowser = (): void => {
  workers = [];
  rings = [];
  vi.stubGlobal('Worker', FakeWorker);
  vi.stubGlobal('MediaStream', FakeStream);
  vi.stubGlobal('VideoEncoder', class {});
  vi.stubGlobal('AudioEncoder', class {});
  vi.stubGlobal(
    'MediaStreamTrackProcessor',
    class {
      readonly readable = new ReadableStream();
    },
  );
};

export const worker = (index: number): FakeWorker => {
  const found = workers[index];
  if (!found) throw new Error(`There is no worker ${index}.`);
  return found;
};

export const recordingOf = (id: string): Recording => ({ id, files: [] }) as unknown as Recording;
