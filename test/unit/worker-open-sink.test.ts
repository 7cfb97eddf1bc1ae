/** Storages that not every worker knows. */
import { expect, it } from 'vitest';
import type { SinkEvents } from '../../src/storage/sink.ts';
import type { CustomConfig, DeviceConfig, S3Config } from '../../src/storage/storage.ts';
import { sinkFor } from '../../src/worker/open-sink.ts';

const custom = { kind: 'custom', endpoint: 'x' } as CustomConfig;
const s3 = { kind: 's3', endpoint: 'x' } as S3Config;
const module = (code: string): string => `data:text/javascript,${encodeURIComponent(code)}`;
const MISSING = module('throw new Error("404")');

it.each([custom, s3])('has all that $kind() needs before the recording begins', async storage => {
  const extrasUrl = module('export const createSink = (config, events) => ({ config, events });');
  const openSink = await sinkFor({ storage, extrasUrl });
  const events = {} as SinkEvents;
  expect(openSink(events)).toEqual({ config: storage, events });
});

it.each([custom, s3])('says so when that of $kind() is not where the page says', async storage => {
  await expect(sinkFor({ storage, extrasUrl: MISSING })).rejects.toMatchObject({ code: 'worker-failed' });
});

it('asks for nothing else', async () => {
  const storage: DeviceConfig = { kind: 'device' };
  expect(await sinkFor({ storage, extrasUrl: MISSING })).toBeInstanceOf(Function);
});
