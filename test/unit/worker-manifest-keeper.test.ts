import { describe, expect, it, vi } from 'vitest';
import { InternalError, RecordingEmptyError } from '../../src/errors.ts';
import { checkManifest, fileKey, type Recording, type TrackParameters } from '../../src/manifest.ts';
import { ManifestKeeper } from '../../src/worker/manifest-keeper.ts';
import type { FileSetup, OpenFile } from '../../src/worker/open-file.ts';
import { LIMITED_709 } from './cut-kit.ts';
import { ID } from './server-kit.ts';

/** Storage that takes as long as the test wants. */
const newKeeper = () => {
  const writing: { manifest: Recording; resolve: () => void; reject: (error: unknown) => void }[] = [];
  const context = {
    id: ID,
    startedAt: '2024-05-01T10:00:00.000Z',
    metadata: { title: 'Monday show' },
    write: (manifest: Recording) =>
      new Promise<void>((resolve, reject) =>
        writing.push({ manifest: structuredClone(manifest), resolve, reject }),
      ),
    onFile: vi.fn(),
    onChange: vi.fn(),
    onEvent: vi.fn(),
    onError: vi.fn(),
  };
  return { keeper: new ManifestKeeper(context), writing, ...context };
};

const parametersOf = (codedWidth: number): TrackParameters => ({
  video: {
    codec: 'avc1.64001f',
    codedWidth,
    codedHeight: 360,
    pixelAspectRatio: 1,
    rotation: 0,
    flip: false,
    colorSpace: LIMITED_709,
  },
});

/** A file as the keeper sees it; seconds. */
const newFile = (
  index: number,
  startTime: number,
  duration: number,
  reason: FileSetup['reason'] = index === 1 ? 'start' : 'video-size',
): OpenFile =>
  ({
    setup: { index, reason, startTime: startTime * 1e6, video: undefined, audioEpoch: undefined },
    parameters: parametersOf(index * 100),
    entry: { key: fileKey(ID, index), index, reason, startTime, duration, bytes: 100 * index },
  }) as unknown as OpenFile;

const settle = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

describe('the manifest', () => {
  it('of a recording that has just begun', () => {
    const { keeper } = newKeeper();
    expect(keeper.manifest).toEqual({
      version: 1,
      method: 'encoding',
      id: ID,
      state: 'recording',
      kind: 'original',
      startedAt: '2024-05-01T10:00:00.000Z',
      duration: 0,
      metadata: { title: 'Monday show' },
      files: [],
      events: [],
    });
    expect(checkManifest(JSON.parse(JSON.stringify(keeper.manifest)))).toEqual(keeper.manifest);
  });

  it('lasts until the end of its last file', () => {
    const { keeper } = newKeeper();
    keeper.add(newFile(1, 0, 31.4));
    expect(keeper.manifest.duration).toBe(31.4);
    keeper.add(newFile(2, 31.4, 10));
    expect(keeper.manifest.duration).toBeCloseTo(41.4);
  });

  it('of a recording that is over, and of one that failed', () => {
    const { keeper } = newKeeper();
    keeper.end('complete', '2024-05-01T10:01:00.000Z');
    expect(keeper.manifest).toMatchObject({ state: 'complete', endedAt: '2024-05-01T10:01:00.000Z' });
    expect(keeper.manifest).not.toHaveProperty('error');
    const error = new RecordingEmptyError();
    keeper.end('failed', '2024-05-01T10:01:00.000Z', error);
    expect(keeper.manifest).toMatchObject({
      state: 'failed',
      error: { code: 'recording-empty', message: error.message },
    });
  });
});

describe('a file that begins', () => {
  it('the first is told with nothing before it, and is no event', () => {
    const { keeper, onFile, onChange } = newKeeper();
    const file = newFile(1, 0, 0);
    keeper.add(file);
    expect(onFile.mock.calls).toEqual([
      [{ file: file.entry, reason: 'start', before: {}, after: parametersOf(100) }],
    ]);
    expect(keeper.manifest.events).toEqual([]);
    expect(onChange).toHaveBeenCalledWith(expect.objectContaining({ files: [file.entry] }));
  });

  it('the next is a cut, with the parameters before and after', () => {
    const { keeper, onFile } = newKeeper();
    keeper.add(newFile(1, 0, 31.4));
    const file = newFile(2, 31.4, 0, 'video-rotation');
    keeper.add(file);
    const change = { reason: 'video-rotation', before: parametersOf(100), after: parametersOf(200) };
    expect(onFile).toHaveBeenLastCalledWith({ file: file.entry, ...change });
    expect(keeper.manifest.events).toEqual([{ time: 31.4, type: 'cut', ...change }]);
  });

  it('is in its place, although one that began later was known before', () => {
    const { keeper } = newKeeper();
    for (const index of [1, 3, 2]) keeper.add(newFile(index, index, 1));
    expect(keeper.manifest.files.map(file => file.index)).toEqual([1, 2, 3]);
    expect(keeper.manifest.duration).toBe(4);
  });
});

describe('events', () => {
  const note = (time: number) => ({ time, type: 'pixel-format', before: 'I420', after: 'NV12' }) as const;

  it('are kept in order, without a write of their own', () => {
    const { keeper, writing } = newKeeper();
    keeper.note(note(1));
    keeper.note({ time: 2, type: 'warning', code: 'audio-gap', message: 'gaps' });
    expect(keeper.manifest.events.map(event => event.time)).toEqual([1, 2]);
    expect(writing).toEqual([]);
  });

  it('are no more than a manifest can hold', () => {
    const { keeper } = newKeeper();
    const gap = { type: 'warning', code: 'audio-gap', message: 'gaps' } as const;
    for (let i = 0; i < 10_100; i++) keeper.note({ time: i, ...gap });
    expect(keeper.manifest.events).toHaveLength(10_000);
  });

  it('a source that changes its pixel format all the time leaves room for the others', () => {
    const { keeper } = newKeeper();
    for (let i = 0; i < 20_000; i++) keeper.note(note(i));
    expect(keeper.manifest.events).toHaveLength(100);
    keeper.note({ time: 20_000, type: 'warning', code: 'audio-gap', message: 'gaps' });
    expect(keeper.manifest.events.at(-1)).toMatchObject({ time: 20_000, code: 'audio-gap' });
  });
});

describe('writing', () => {
  it('one at a time; of several that wait, only the newest', async () => {
    const { keeper, writing, onChange } = newKeeper();
    for (const index of [1, 2, 3]) keeper.add(newFile(index, index, 1));
    expect(writing).toHaveLength(1);
    expect(writing[0]?.manifest.files).toHaveLength(1);
    expect(onChange).toHaveBeenCalledTimes(3);
    writing[0]?.resolve();
    await settle();
    expect(writing).toHaveLength(2);
    expect(writing[1]?.manifest.files).toHaveLength(3);
    writing[1]?.resolve();
    await keeper.written();
    expect(writing).toHaveLength(2);
  });

  it('has what was noted while the write before was still under way', async () => {
    const { keeper, writing } = newKeeper();
    keeper.update();
    keeper.update();
    keeper.note({ time: 5, type: 'warning', code: 'audio-gap', message: 'gaps' });
    writing[0]?.resolve();
    await settle();
    expect(writing[1]?.manifest.events).toHaveLength(1);
  });

  it('begins anew after all was written', async () => {
    const { keeper, writing } = newKeeper();
    keeper.update();
    writing[0]?.resolve();
    await keeper.written();
    keeper.end('complete', '2024-05-01T10:01:00.000Z');
    keeper.update();
    expect(writing[1]?.manifest.state).toBe('complete');
  });

  it('that is refused is told, and the next is tried all the same', async () => {
    const { keeper, writing, onError } = newKeeper();
    const refused = new InternalError('no');
    keeper.update();
    keeper.update();
    writing[0]?.reject(refused);
    await settle();
    expect(onError.mock.calls).toEqual([[refused]]);
    writing[1]?.resolve();
    await keeper.written();
    expect(onError).toHaveBeenCalledTimes(1);
  });

  it('is waited for until the newest is there', async () => {
    const { keeper, writing } = newKeeper();
    await keeper.written();
    keeper.update();
    keeper.update();
    let written = false;
    const waiting = keeper.written().then(() => {
      written = true;
    });
    writing[0]?.resolve();
    await settle();
    expect(written).toBe(false);
    writing[1]?.resolve();
    await waiting;
  });
});
