import { describe, expect, it } from 'vitest';
import type { Recording } from '../../src/manifest.ts';
import {
  dataOf,
  eventId,
  isTold,
  laneOf,
  NOTHING_TOLD,
  type Occurrence,
  occurrencesIn,
  type Told,
  type WebhookData,
  withTold,
} from '../../src/server/webhooks/events.ts';
import { ID, OTHER_ID, sha256 } from './server-kit.ts';
import { manifestOf } from './webhook-kit.ts';

const namesIn = (manifest: Recording): string[] => occurrencesIn(manifest).map(({ name }) => name);
const path = { prefix: [], recordingId: ID };
const dataIn = (manifest: Recording, name: string): WebhookData => {
  const occurrence = occurrencesIn(manifest).find(one => one.name === name);
  return JSON.parse(dataOf(path, manifest, occurrence as Occurrence)) as WebhookData;
};

describe('what a manifest tells', () => {
  it.each<[Recording, string[]]>([
    [manifestOf('recording', 0), ['0-started']],
    [manifestOf('recording', 2, { open: 1 }), ['0-started', '1-file-000001']],
    [manifestOf('complete', 2), ['0-started', '1-file-000001', '1-file-000002', '3-completed']],
    [manifestOf('failed', 1, { open: 1 }), ['0-started', '2-failed']],
    [manifestOf('recovered', 1), ['0-started', '1-file-000001', '3-recovered']],
    [manifestOf('recording', 1, { kind: 'clip' }), []],
    [manifestOf('complete', 1, { kind: 'clip' }), ['3-completed']],
    [manifestOf('recovered', 1, { kind: 'clip' }), ['3-completed']],
    [manifestOf('failed', 1, { kind: 'clip' }), ['2-failed']],
  ])('%#', (manifest, names) => {
    expect(namesIn(manifest)).toEqual(names);
    // Names sort as events are to be told: the outbox sorts them.
    expect([...names].sort()).toEqual(names);
  });

  it('is each file once, by its key, whatever the page says of its index and order', () => {
    const { files } = manifestOf('recording', 12);
    const mixed = [...files].reverse().map(file => ({ ...file, index: 1e99 }));
    const names = namesIn({ ...manifestOf('recording', 0), files: [...mixed, ...files] });
    expect(names).toHaveLength(13);
    expect([names[1], names[12]]).toEqual(['1-file-000001', '1-file-000012']);
  });

  it('is told once', () => {
    const all = occurrencesIn(manifestOf('complete', 3));
    let told: Told = NOTHING_TOLD;
    for (const one of [3, 1, 0, 2, 4].flatMap(index => all[index] ?? [])) {
      expect(isTold(told, one)).toBe(false);
      told = withTold(told, [one]);
      expect(isTold(JSON.parse(JSON.stringify(told)), one)).toBe(true);
    }
    expect(told).toEqual({ names: ['0-started', '3-completed'], filesUpTo: 3, filesBeyond: [] });
  });
});

describe('an event', () => {
  it('has an id of its own, which is always the same', async () => {
    const all = occurrencesIn(manifestOf('complete', 2));
    const places = [path, { prefix: ['ann'], recordingId: ID }, { prefix: [], recordingId: OTHER_ID }];
    const ids = await Promise.all(places.flatMap(place => all.map(one => eventId(place, one))));
    expect(new Set(ids).size).toBe(12);
    for (const id of ids) expect(id).toMatch(/^evt_[0-9a-f]{32}$/);
    // Receivers remember ids for longer than a version of this package lives: this one must never change.
    const text = `${ID} recording.started 0-started`;
    expect(ids[0]).toBe(`evt_${sha256(new TextEncoder().encode(text)).slice(0, 32)}`);
    const [later] = occurrencesIn(manifestOf('recovered', 9, { metadata: { later: true } }));
    expect(await eventId(path, later as Occurrence)).toBe(ids[0]);
    expect(new Set(await Promise.all(places.map(laneOf))).size).toBe(3);
  });

  it('has the facts of its recording, and not all that happened in it', () => {
    const error = { code: 'mux-failed', message: 'why' };
    const manifest = manifestOf('failed', 2, { metadata: { show: 7 }, method: 'encoding', error });
    const { files, events: _, ...facts } = manifest;
    const data = dataIn(manifest, '2-failed');
    expect(data.recording).toEqual({ ...facts, fileCount: 2, bytes: 2000 });
    expect(data.files).toEqual(files);
    expect(dataIn(manifest, '0-started').files).toBeUndefined();
    expect(dataIn(manifest, '1-file-000002').file).toEqual(files[1]);
  });

  it('stays small, says what it leaves out, and never fails', () => {
    const many = dataIn(manifestOf('complete', 1000), '3-completed');
    expect([many.files, many.omitted, many.recording.fileCount]).toEqual([undefined, ['files'], 1000]);
    const wordy = dataIn(
      manifestOf('complete', 1, { metadata: { text: 'x'.repeat(70_000) } }),
      '3-completed',
    );
    expect([wordy.recording.metadata, wordy.omitted]).toEqual([undefined, ['files', 'metadata']]);
    const deep = manifestOf('complete', 1);
    let nested: Record<string, unknown> = {};
    for (let n = 0; n < 200_000; n++) nested = { nested };
    expect(dataIn({ ...deep, metadata: nested }, '3-completed').omitted).toEqual(['files', 'metadata']);
    const absurd = dataIn({ ...deep, startedAt: 'x'.repeat(70_000) }, '3-completed');
    expect(absurd).toMatchObject({ recordingId: ID, recording: { id: ID, state: 'complete', fileCount: 1 } });
  });
});
