/** Which recordings are offered to be finished. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SETUP_NAME } from '../../src/journal/setup.ts';
import { journalPath, recordingPath, removeFile, writeWhole } from '../../src/opfs.ts';
import { unfinishedRecordings } from '../../src/recover.ts';
import type { Storage, StorageConfig } from '../../src/storage/storage.ts';
import { MemoryOpfs } from '../support/memory-opfs.ts';

let busy: string[] = [];
/** What happens just after the locks were asked for. */
let meanwhile = async (): Promise<void> => undefined;

beforeEach(() => {
  busy = [];
  meanwhile = async () => undefined;
  const query = async () => {
    const held = busy.map(id => ({ name: `steadyreel:${id}` }));
    await meanwhile();
    return { held };
  };
  vi.stubGlobal('navigator', { storage: new MemoryOpfs().storage, locks: { query } });
});
afterEach(() => vi.unstubAllGlobals());

const tus = (endpoint: string): Storage =>
  ({ config: { kind: 'tus', endpoint } as StorageConfig }) as Storage;
const DEVICE = { config: { kind: 'device' } } as Storage;
const [HERE, THERE] = ['https://here.example/storage', 'https://there.example/storage'];

const leave = (path: string[], id: string, minute: number, storage: object): Promise<void> => {
  const startedAt = `2026-01-05T09:${minute}:00.000Z`;
  return writeWhole(path, SETUP_NAME, JSON.stringify({ version: 1, id, startedAt, metadata: {}, storage }));
};

const ids = async (storage: Storage, fromAnyStorage = false): Promise<string[]> =>
  (await unfinishedRecordings({ storage, fromAnyStorage })).map(({ id }) => id);

describe('what a crash has left behind', () => {
  beforeEach(async () => {
    await leave(journalPath('second'), 'second', 20, { kind: 'tus', endpoint: HERE });
    await leave(journalPath('first'), 'first', 10, { kind: 'tus', endpoint: HERE });
    await leave(recordingPath('kept'), 'kept', 30, { kind: 'tus', endpoint: HERE });
    await leave(journalPath('elsewhere'), 'elsewhere', 40, { kind: 'tus', endpoint: THERE });
    await leave(recordingPath('device'), 'device', 50, { kind: 'device' });
  });

  test('is offered to the storage that it was on its way to, the oldest first', async () => {
    expect(await ids(tus(HERE))).toEqual(['first', 'second', 'kept']);
    expect(await ids(tus(THERE))).toEqual(['elsewhere']);
    expect(await ids(DEVICE)).toEqual(['device']);
  });

  test('is not offered while a tab is busy with it', async () => {
    busy = ['first'];
    expect(await ids(tus(HERE))).toEqual(['second', 'kept']);
  });

  test('is not what another tab begins, or ends, at that moment', async () => {
    meanwhile = async () => {
      await leave(journalPath('begun'), 'begun', 59, { kind: 'tus', endpoint: HERE });
      await removeFile(journalPath('second'), SETUP_NAME);
    };
    expect(await ids(tus(HERE))).toEqual(['first', 'kept']);
  });

  test('goes from one server to another when that is asked for, but never to or from this device', async () => {
    expect(await ids(tus(HERE), true)).toEqual(['first', 'second', 'kept', 'elsewhere']);
    expect(await ids(DEVICE, true)).toEqual(['device']);
  });
});
