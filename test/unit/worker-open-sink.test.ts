/** Storages whose code is a file of its own. */
import { expect, it } from 'vitest';
import type { SinkEvents } from '../../src/storage/sink.ts';
import type { CustomConfig, DeviceConfig } from '../../src/storage/storage.ts';
import { sinkFor } from '../../src/worker/open-sink.ts';

const custom = { kind: 'custom', endpoint: 'x' } as CustomConfig;
const module = (code: string): string => `data:text/javascript,${encodeURIComponent(code)}`;

it('has all that custom() needs before the recording begins', async () => {
  const pageStorageUrl = module('export const createPageSink = (config, events) => ({ config, events });');
  const openSink = await sinkFor({ storage: custom, pageStorageUrl });
  const events = {} as SinkEvents;
  expect(openSink(events)).toEqual({ config: custom, events });
});

it('says so when that is not where the page says', async () => {
  const pageStorageUrl = module('throw new Error("404")');
  await expect(sinkFor({ storage: custom, pageStorageUrl })).rejects.toMatchObject({ code: 'worker-failed' });
});

it('asks for nothing else', async () => {
  const storage: DeviceConfig = { kind: 'device' };
  expect(await sinkFor({ storage, pageStorageUrl: module('throw new Error("404")') })).toBeInstanceOf(
    Function,
  );
});
