import { afterEach, describe, expect, test, vi } from 'vitest';
import { optionsFrom, whereFrom } from '../../src/element/attributes.ts';
import { capture } from '../../src/element/capture.ts';
import { formatBytes, formatDuration, formatMoment } from '../../src/element/format.ts';
import { defineSteadyRecorder, SteadyRecorderElement } from '../../src/element/index.ts';
import type { RecorderOptions, Storage } from '../../src/index.ts';

const read =
  (attributes: Record<string, string>) =>
  (name: string): string | null =>
    attributes[name] ?? null;

const options = (attributes: Record<string, string>, extra: RecorderOptions = {}): RecorderOptions =>
  optionsFrom(read(attributes), extra);

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('the attributes of <steady-recorder>', () => {
  test('an endpoint means tus, no endpoint means this device', () => {
    vi.stubGlobal('document', { baseURI: 'https://example.org/page' });
    vi.stubGlobal('location', { href: 'https://example.org/page' });
    expect(options({}).storage?.kind).toBe('device');
    expect(options({ endpoint: 'https://example.org/storage' }).storage?.config).toMatchObject({
      kind: 'tus',
      endpoint: 'https://example.org/storage',
    });
    expect(options({ endpoint: 'https://example.org/storage', storage: 'device' }).storage?.kind).toBe(
      'device',
    );
  });

  test('codecs and the worker are handed on', () => {
    const made = options({ codec: 'vp9', 'audio-codec': 'opus', 'worker-url': '/worker.js' });
    expect(made).toMatchObject({
      video: { codec: 'vp9' },
      audio: { codec: 'opus' },
      workerUrl: '/worker.js',
    });
  });

  test('where the recordings go is known before anything is recorded', () => {
    const where = whereFrom(read({ 'worker-url': '/worker.js' }), {});
    expect([where.storage.kind, where.workerUrl]).toEqual(['device', '/worker.js']);
    const storage = { kind: 'other' } as unknown as Storage;
    expect(whereFrom(read({ storage: 'device' }), { storage, workerUrl: '/other.js' })).toEqual({
      storage,
      workerUrl: '/other.js',
    });
  });

  test("the page's own options come over them, one by one", () => {
    const made = options(
      { codec: 'vp9', 'audio-codec': 'opus' },
      { video: { bitrate: 1_000_000 }, audio: false, cut: { minFileDuration: 2 } },
    );
    expect(made.video).toEqual({ codec: 'vp9', bitrate: 1_000_000 });
    expect(made.audio).toBe(false);
    expect(made.cut).toEqual({ minFileDuration: 2 });
    expect(options({ codec: 'vp9' }, { video: { codec: 'av1' } }).video).toEqual({ codec: 'av1' });
  });

  test.each([
    [{ storage: 'tus' }, /"endpoint": expected the address of the storage handler/],
    [{ storage: 's3' }, /"endpoint": expected the address of the storage handler/],
    [{ storage: 'tape' }, /"storage": expected "tus", "s3" or "device", got "tape"/],
    [{ codec: 'divx' }, /"video.codec": .* got "divx"/],
  ] as const)('%o is an error that says what was expected', (attributes, message) => {
    expect(() => options(attributes)).toThrow(
      expect.objectContaining({ code: 'option-invalid', message: expect.stringMatching(message) }),
    );
  });
});

describe('what the element captures', () => {
  const devices = (calls: Record<string, () => Promise<MediaStream>>): void => {
    vi.stubGlobal('navigator', { mediaDevices: calls });
  };

  test('the camera, or the screen', async () => {
    const [camera, screen] = [{ id: 'camera' }, { id: 'screen' }] as unknown as MediaStream[];
    devices({
      getUserMedia: async () => camera as MediaStream,
      getDisplayMedia: async () => screen as MediaStream,
    });
    expect(await capture('camera')).toBe(camera);
    expect(await capture('screen')).toBe(screen);
  });

  test.each([
    ['NotAllowedError', 'capture-denied'],
    ['NotFoundError', 'capture-failed'],
    ['NotReadableError', 'capture-failed'],
  ])('%s becomes %s', async (name, code) => {
    devices({ getUserMedia: () => Promise.reject(new DOMException('why', name)) });
    await expect(capture('camera')).rejects.toMatchObject({ code });
  });

  test('a page without https has no devices', async () => {
    vi.stubGlobal('navigator', {});
    await expect(capture('camera')).rejects.toMatchObject({ code: 'browser-unsupported' });
  });
});

describe('without a DOM', () => {
  test('the module can be imported, and defines nothing', () => {
    expect(typeof SteadyRecorderElement).toBe('function');
    expect(() => defineSteadyRecorder('other-recorder')).not.toThrow();
  });

  test('where there is a registry, a tag is defined once, and each has a class of its own', () => {
    const defined = new Map<string, unknown>();
    vi.stubGlobal('customElements', {
      get: (tag: string) => defined.get(tag),
      define: (tag: string, element: unknown) => {
        if (defined.has(tag) || [...defined.values()].includes(element)) throw new Error('defined already');
        defined.set(tag, element);
      },
    });
    for (const tag of ['steady-recorder', 'other-recorder', 'third-recorder', 'other-recorder']) {
      defineSteadyRecorder(tag === 'steady-recorder' ? undefined : tag);
    }
    expect([...defined.keys()]).toEqual(['steady-recorder', 'other-recorder', 'third-recorder']);
    expect(defined.get('steady-recorder')).toBe(SteadyRecorderElement);
  });
});

describe('numbers as people read them', () => {
  test.each([
    [0, '0:00'],
    [59.99, '0:59'],
    [61, '1:01'],
    [3599, '59:59'],
    [3723, '1:02:03'],
  ])('%d seconds are %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });

  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [999_949, '999.9 kB'],
    [999_950, '1.0 MB'],
    [1_234_567_890, '1.2 GB'],
    [5e15, '5000.0 TB'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  test('a time of today has no date', () => {
    const [now, earlier] = [new Date(2026, 0, 5, 18, 30), new Date(2026, 0, 5, 9, 5)];
    expect(formatMoment(earlier.toISOString(), now)).toMatch(/^0?9[:.]05\D*$/);
    expect(formatMoment(earlier.toISOString(), new Date(2026, 0, 6))).toMatch(/2026.*9[:.]05/);
  });
});
