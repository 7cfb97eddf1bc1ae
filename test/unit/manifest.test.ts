import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  byStartDescending,
  checkManifest,
  fileKey,
  isRecordingId,
  manifestKey,
  mediaTypeOf,
  parseKey,
  type Recording,
} from '../../src/manifest.ts';
import { ID, manifest, OTHER_ID } from './server-kit.ts';

describe('recording ids', () => {
  it('are lower-case UUIDs', () => {
    for (let i = 0; i < 50; i++) expect(isRecordingId(crypto.randomUUID())).toBe(true);
  });

  it.each([
    [''],
    ['..'],
    [ID.toUpperCase()],
    [`${ID} `],
    [`${ID}\n`],
    [ID.slice(1)],
    [`${ID}0`],
    [ID.replaceAll('-', '')],
    ['../../../etc/passwd'],
  ])('not "%s"', id => {
    expect(isRecordingId(id)).toBe(false);
  });
});

describe('keys', () => {
  it('of files and of the manifest', () => {
    expect(fileKey(ID, 1)).toBe(`recordings/${ID}/0001.mp4`);
    expect(fileKey(ID, 12_345)).toBe(`recordings/${ID}/12345.mp4`);
    expect(manifestKey(ID)).toBe(`recordings/${ID}/manifest.json`);
  });

  it('sort as the files follow each other', () => {
    const keys = [1, 2, 9, 10, 99, 100, 999, 1_000, 9_999].map(index => fileKey(ID, index));
    expect([...keys].sort()).toEqual(keys);
  });

  it('come apart again', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.integer({ min: 1, max: 999_999 }), (id, index) => {
        const name = fileKey(id, index).split('/').at(-1);
        expect(parseKey(fileKey(id, index))).toEqual({ recordingId: id, name });
        expect(parseKey(manifestKey(id))).toEqual({ recordingId: id, name: 'manifest.json' });
      }),
    );
  });

  it.each(['thumbnails/0001.jpg', 'thumbnails/123456.jpg', 'sprite-0001.jpg', 'thumbnails.vtt'])(
    'of the thumbnails: %s',
    name => {
      expect(parseKey(`recordings/${ID}/${name}`)).toEqual({ recordingId: ID, name });
    },
  );

  it('tell what lies under them', () => {
    const names = ['0001.mp4', 'manifest.json', 'sprite-0001.jpg', 'thumbnails.vtt'];
    const types = names.map(name => mediaTypeOf(`recordings/${ID}/${name}`));
    expect(types).toEqual(['video/mp4', 'application/json', 'image/jpeg', 'text/vtt']);
  });

  it.each([
    [''],
    ['/'],
    [`recordings/${ID}/thumbnails`],
    [`recordings/${ID}/thumbnails/`],
    [`recordings/${ID}/thumbnails/0001.mp4`],
    [`recordings/${ID}/thumbnails/001.jpg`],
    [`recordings/${ID}/thumbnails//0001.jpg`],
    [`recordings/${ID}/thumbnails/../0001.jpg`],
    [`recordings/${ID}/sprite-0001.jpg/x`],
    [`recordings/${ID}/sprite-0001.png`],
    [`recordings/${ID}/0001.jpg`],
    [`recordings/${ID}/other/0001.jpg`],
    [`recordings/${ID}/toString`],
    [`recordings/${ID}`],
    [`recordings/${ID}/`],
    [`recordings/${ID}/0001.mp4/`],
    [`recordings/${ID}/0001.mp4/x`],
    [`/recordings/${ID}/0001.mp4`],
    [`recordings//${ID}/0001.mp4`],
    [`other/${ID}/0001.mp4`],
    [`recordings/${ID.toUpperCase()}/0001.mp4`],
    [`recordings/../${ID}/0001.mp4`],
    [`recordings/${ID}/../0001.mp4`],
    [`recordings/${ID}/1.mp4`],
    [`recordings/${ID}/0001.mp4\n`],
    [`recordings/${ID}/0001.MP4`],
    [`recordings/${ID}/0001.mp4.json`],
    [`recordings/${ID}/1234567.mp4`],
    [`recordings/${ID}/manifest.json.tmp`],
    [`recordings/${ID}\\0001.mp4`],
  ])('not "%s"', key => {
    expect(parseKey(key)).toBeUndefined();
  });

  it('nothing that leads out of the folder is a key', () => {
    const part = fc.constantFrom(
      'recordings',
      ID,
      '0001.mp4',
      'thumbnails',
      '0001.jpg',
      '..',
      '.',
      '',
      '%2e',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), parts => {
        const parsed = parseKey(parts.join('/'));
        if (parsed) expect(parts).toEqual(['recordings', ID, ...parsed.name.split('/')]);
      }),
    );
  });
});

const withThumbnail = (key: string): unknown => ({
  ...manifest(ID),
  thumbnails: { items: [{ time: 0, key, width: 320, height: 180 }], sprites: [] },
});

describe('checking a manifest', () => {
  it('takes one as it is', () => {
    const value: unknown = JSON.parse(JSON.stringify(manifest(ID)));
    expect(checkManifest(value)).toBe(value);
    for (const state of ['recording', 'complete', 'recovered', 'failed'])
      expect(checkManifest({ ...manifest(ID), state })).toMatchObject({ state });
  });

  it('takes one with thumbnails', () => {
    const value = withThumbnail(`recordings/${ID}/thumbnails/0001.jpg`);
    expect(checkManifest(value)).toBe(value);
  });

  it('takes what it does not know: a newer recorder may say more', () => {
    const value = { ...manifest(ID), somethingNew: true };
    expect(checkManifest(value)).toBe(value);
  });

  it.each<[string, unknown]>([
    ['an object', null],
    ['an object', undefined],
    ['an object', 'manifest'],
    ['an object', 5],
    ['"version": 1', {}],
    ['"version": 1', []],
    ['"version": 1', { ...manifest(ID), version: 2 }],
    ['"version": 1', { ...manifest(ID), version: '1' }],
    ['"id"', { ...manifest(ID), id: 'x' }],
    ['"id"', { ...manifest(ID), id: undefined }],
    ['"id"', { ...manifest(ID), id: [ID] }],
    ['"state"', { ...manifest(ID), state: 'done' }],
    ['"state"', { ...manifest(ID), state: undefined }],
    ['"startedAt"', { ...manifest(ID), startedAt: 5 }],
    ['"files"', { ...manifest(ID), files: {} }],
    ['"files"', { ...manifest(ID), files: undefined }],
    ['"events"', { ...manifest(ID), events: null }],
    ['"files[].key"', { ...manifest(ID), files: [{ key: fileKey(OTHER_ID, 1) }] }],
    ['"files[].key"', { ...manifest(ID), files: [{ key: '../../etc/passwd' }] }],
    ['"files[].key"', { ...manifest(ID), files: [{}] }],
    ['"files[].key"', { ...manifest(ID), files: [null] }],
    ['"files[].key"', { ...manifest(ID), files: [{ key: `recordings/${ID}/thumbnails/0001.jpg` }] }],
    ['"thumbnails"', { ...manifest(ID), thumbnails: null }],
    ['"thumbnails"', { ...manifest(ID), thumbnails: { items: [] } }],
    ['"thumbnails"', { ...manifest(ID), thumbnails: { items: [null], sprites: [] } }],
    ['"thumbnails"', withThumbnail(`recordings/${OTHER_ID}/thumbnails/0001.jpg`)],
    ['"thumbnails"', withThumbnail(fileKey(ID, 1))],
    ['"thumbnails"', { ...manifest(ID), thumbnails: { items: [], sprites: [], vtt: manifestKey(ID) } }],
  ])('expects %s', (expected, value) => {
    expect(() => checkManifest(value)).toThrow(
      expect.objectContaining({
        code: 'manifest-invalid',
        value,
        expected: expect.stringContaining(expected),
      }),
    );
  });
});

describe('the order of recordings', () => {
  it('newest first', () => {
    const times = ['2024-05-01T10:00:00.000Z', '2024-05-01T09:59:59.999Z', '2025-01-01T00:00:00.000Z'];
    const recordings: Recording[] = times.map(time => manifest(ID, time));
    expect(recordings.sort(byStartDescending).map(recording => recording.startedAt)).toEqual([
      times[2],
      times[0],
      times[1],
    ]);
    expect(byStartDescending(manifest(ID), manifest(OTHER_ID))).toBe(0);
  });
});
