import { describe, expect, it } from 'vitest';
import { OPTION_NAMES, type RecorderOptions, resolveOptions } from '../../src/options.ts';
import { device } from '../../src/storage/device/device.ts';

/** Options as somebody without a type checker may write them. */
const resolve = (options: unknown) => resolveOptions(options as RecorderOptions);

const invalid = (option: string) => expect.objectContaining({ code: 'option-invalid', option });
const unknown = (option: string) => expect.objectContaining({ code: 'option-unknown', option });

describe('defaults', () => {
  it('all of them', () => {
    expect(resolve({})).toEqual({
      video: { codec: 'auto', bitrate: 'auto', keyFrameInterval: 2, size: 'follow', frameRate: 'source' },
      audio: { codec: 'auto', bitrate: 'auto' },
      cut: { minFileDuration: 1, maxFileDuration: Infinity, maxFileBytes: Infinity },
      passthrough: { damaged: 'leave-out', vp8: 'refuse' },
      fallback: 'none',
      dvr: false,
      thumbnails: false,
      reconnectWindow: 0,
      minDuration: 0,
      record: 'auto',
      wakeLock: false,
      confirmUnload: false,
      metadata: {},
    });
  });

  it('for what is undefined, and for a track that is left out', () => {
    const { video, audio, cut } = resolve({});
    const undefinedParts = { video: { codec: undefined }, audio: {}, cut: { minFileDuration: undefined } };
    expect(resolve(undefinedParts)).toMatchObject({ video, audio, cut });
    for (const left of ['video', 'audio'])
      expect(resolve({ [left]: false })).toMatchObject({ video, audio, cut });
    expect(resolve({ video: undefined, metadata: undefined })).toMatchObject({ video, metadata: {} });
    expect(resolve({ reconnectWindow: undefined, wakeLock: undefined, confirmUnload: undefined })).toEqual(
      resolve({}),
    );
  });
});

describe('what is given', () => {
  it('is taken over', () => {
    const given = {
      video: { codec: 'vp9', bitrate: 1_000_000, keyFrameInterval: 0.5, size: 'follow', frameRate: 25 },
      audio: { codec: 'aac', bitrate: 96_000 },
      cut: { minFileDuration: 0, maxFileDuration: 60, maxFileBytes: 5_000_000 },
      passthrough: { damaged: 'keep', vp8: 'record' },
      fallback: 'encode',
      dvr: { seconds: 120 },
      thumbnails: { interval: 2, width: 160, sprite: false },
      reconnectWindow: 30,
      minDuration: 5,
      record: 'original',
      wakeLock: true,
      confirmUnload: true,
      metadata: { title: 'Monday show', tags: ['a', 'b'], nested: { count: 1, nothing: null } },
    };
    expect(resolve(given)).toEqual(given);
  });

  it('thumbnails are made as they are by default, unless something else is said of them', () => {
    const thumbnails = { interval: 10, width: 320, sprite: true };
    for (const given of [true, {}, { interval: undefined, sprite: undefined }])
      expect(resolve({ thumbnails: given })).toMatchObject({ thumbnails });
    expect(resolve({ thumbnails: { sprite: false } })).toMatchObject({
      thumbnails: { ...thumbnails, sprite: false },
    });
    expect(resolve({ thumbnails: false })).toEqual(resolve({}));
  });

  it('is plain data that a worker can be sent; metadata is a copy', () => {
    const metadata = { title: 'before', when: new Date(0) };
    const resolved = resolve({ metadata });
    metadata.title = 'after';
    expect(structuredClone(resolved)).toEqual(resolved);
    expect(resolved.metadata).toEqual({ title: 'before', when: '1970-01-01T00:00:00.000Z' });
  });

  it('storage and workerUrl are for the page alone', () => {
    const resolved = resolve({ storage: device(), workerUrl: '/worker.js' });
    const others = OPTION_NAMES.filter(name => name !== 'storage' && name !== 'workerUrl');
    expect(Object.keys(resolved).sort()).toEqual([...others].sort());
  });

  it.each([
    ['video', 'codec', ['auto', 'avc', 'hevc', 'vp9', 'av1', 'vp8']],
    ['video', 'bitrate', [10_000, 1_000_000_000]],
    ['video', 'keyFrameInterval', [0.1, 60]],
    ['video', 'frameRate', ['source', 1, 29.97, 240]],
    ['audio', 'codec', ['auto', 'aac', 'opus']],
    ['audio', 'bitrate', [6_000, 1_000_000]],
    ['passthrough', 'damaged', ['leave-out', 'keep']],
    ['passthrough', 'vp8', ['refuse', 'record']],
    ['cut', 'minFileDuration', [0, 3_600]],
    ['cut', 'maxFileDuration', [1, 86_400, Infinity]],
    ['cut', 'maxFileBytes', [100_000, Infinity]],
    ['thumbnails', 'interval', [1, 3_600]],
    ['thumbnails', 'width', [32, 1_920]],
    ['thumbnails', 'sprite', [true, false]],
  ] as const)('%s.%s: all of %j', (group, name, values) => {
    for (const value of values)
      expect(resolve({ [group]: { [name]: value } })).toMatchObject({ [group]: { [name]: value } });
  });

  it.each([
    ['reconnectWindow', [0, 0.5, 86_400]],
    ['minDuration', [0, 0.5, 86_400]],
    ['fallback', ['none', 'encode']],
    ['wakeLock', [true, false]],
    ['confirmUnload', [true, false]],
  ] as const)('%s: all of %j', (name, values) => {
    for (const value of values) expect(resolve({ [name]: value })).toMatchObject({ [name]: value });
  });
});

describe('a fixed size', () => {
  const sizeOf = (size: unknown) => resolve({ video: { size } }).video.size;

  it('shows all of the picture, unless it is to cover it', () => {
    expect(sizeOf({ width: 1280, height: 720 })).toEqual({ width: 1280, height: 720, fit: 'contain' });
    expect(sizeOf({ width: 16, height: 8192, fit: 'cover' })).toEqual({
      width: 16,
      height: 8192,
      fit: 'cover',
    });
    expect(sizeOf('follow')).toBe('follow');
  });

  it.each([
    ['video.size.width', { height: 720 }],
    ['video.size.width', { width: 15, height: 720 }],
    ['video.size.width', { width: 1280.5, height: 720 }],
    ['video.size.width', { width: '1280', height: 720 }],
    ['video.size.height', { width: 1280, height: 8193 }],
    ['video.size.height', { width: 1280, height: Number.NaN }],
    ['video.size.fit', { width: 1280, height: 720, fit: 'fill' }],
  ])('%s can not be as in %j', (option, size) => {
    expect(() => sizeOf(size)).toThrow(invalid(option));
  });

  it('has no other names', () => {
    expect(() => sizeOf({ width: 1280, height: 720, mode: 'cover' })).toThrow(unknown('video.size.mode'));
  });
});

describe('names that are not known', () => {
  it.each([
    [{ storge: {} }, 'storge'],
    [{ video: { bitRate: 1 } }, 'video.bitRate'],
    [{ audio: { sampleRate: 1 } }, 'audio.sampleRate'],
    [{ cut: { maxDuration: 1 } }, 'cut.maxDuration'],
    [{ thumbnails: { height: 90 } }, 'thumbnails.height'],
  ])('%j', (options, name) => {
    expect(() => resolve(options)).toThrow(unknown(name));
  });

  it('are told with those that are', () => {
    expect(() => resolve({ vidio: {} })).toThrow(`Known here: ${OPTION_NAMES.join(', ')}`);
    expect(() => resolve({ cut: { after: 1 } })).toThrow('cut.minFileDuration, cut.maxFileDuration');
  });

  it('metadata may have any', () => {
    expect(resolve({ metadata: { anything: 1 } }).metadata).toEqual({ anything: 1 });
  });
});

describe('values that can not be', () => {
  const wrong: [string, unknown[]][] = [
    ['video.codec', ['h264', '', 5, null, ['avc'], 'AVC']],
    ['video.bitrate', [9_999, 1_000_000_001, Infinity, Number.NaN, '2500000', null]],
    ['video.keyFrameInterval', [0, 0.09, 60.1, -1, Number.NaN, '2', Infinity]],
    ['video.size', ['fit', 1, null, true]],
    ['video.frameRate', [0, 0.99, 240.1, -30, Infinity, Number.NaN, '30', 'auto', null, true, [30]]],
    ['thumbnails.interval', [0, 0.5, 3_601, Number.NaN, '10', null]],
    ['thumbnails.width', [0, 31, 1_921, '320', null]],
    ['thumbnails.sprite', ['yes', 1, null, {}]],
    ['thumbnails', ['yes', 10, null, []]],
    ['audio.codec', ['mp3', 'AAC', null, 0]],
    ['audio.bitrate', [5_999, 1_000_001, '128k', -1]],
    ['cut.minFileDuration', [-0.1, 3_601, Infinity, Number.NaN, '1']],
    ['cut.maxFileDuration', [0, 0.9, -Infinity, Number.NaN, '60']],
    ['cut.maxFileBytes', [99_999, -1, Number.NaN, '1e6']],
    ['reconnectWindow', [-1, 86_401, Infinity, Number.NaN, '30', null, true]],
    ['minDuration', [-1, 86_401, Infinity, Number.NaN, '5', null, true]],
    ['wakeLock', [0, 1, 'yes', 'screen', null]],
    ['confirmUnload', [0, 1, 'Leave?', null, () => true]],
  ];

  it.each(wrong)('%s', (name, values) => {
    const [group = '', option] = name.split('.');
    for (const value of values) {
      expect(() => resolve({ [group]: option ? { [option]: value } : value })).toThrow(invalid(name));
    }
  });

  it.each(['video', 'audio', 'cut', 'metadata'])('%s that is no object', name => {
    for (const value of [true, 1, 'auto', [], () => undefined]) {
      expect(() => resolve({ [name]: value })).toThrow(invalid(name));
    }
  });

  it('no options that are no object', () => {
    for (const value of [null, 5, 'tus', []]) expect(() => resolve(value)).toThrow(invalid('options'));
  });

  it('say what was expected and what came', () => {
    expect(() => resolve({ video: { keyFrameInterval: 90 } })).toThrow(
      'Option "video.keyFrameInterval": expected a number of seconds from 0.1 to 60, got 90.',
    );
    expect(() => resolve({ reconnectWindow: 30_000_000 })).toThrow(
      'Option "reconnectWindow": expected a number of seconds from 0 to 86400, got 30000000.',
    );
    expect(() => resolve({ audio: { codec: 'mp3' } })).toThrow(
      'Option "audio.codec": expected one of "auto", "aac", "opus", got "mp3".',
    );
  });

  it('files that must last longer than they may', () => {
    expect(() => resolve({ cut: { minFileDuration: 11, maxFileDuration: 10 } })).toThrow(
      invalid('cut.minFileDuration'),
    );
    expect(resolve({ cut: { minFileDuration: 10, maxFileDuration: 10 } }).cut.maxFileDuration).toBe(10);
  });

  it('metadata that JSON can not hold', () => {
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    for (const metadata of [circular, { big: 1n }]) {
      expect(() => resolve({ metadata })).toThrow(invalid('metadata'));
    }
  });
});
