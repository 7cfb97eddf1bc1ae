/** Storages whose code is a file of its own. */
import { expect, it } from 'vitest';
import type { SinkEvents } from '../../src/storage/sink.ts';
import type { CustomConfig, DeviceConfig, S3Config } from '../../src/storage/storage.ts';
import { sinkFor } from '../../src/worker/open-sink.ts';

const custom = { kind: 'custom', endpoint: 'x' } as CustomConfig;
const s3 = { kind: 's3', endpoint: 'x' } as S3Config;
const module = (code: string): string => `data:text/javascript,${encodeURIComponent(code)}`;

it.each([
  { storage: custom, name: 'createPageSink' },
  { storage: s3, name: 'createS3Sink' },
])('has all that $storage.kind() needs before the recording begins', async ({ storage, name }) => {
  const url = module(`export const ${name} = (config, events) => ({ config, events });`);
  const openSink = await sinkFor({ storage, s3Url: url, extrasUrl: url });
  const events = {} as SinkEvents;
  expect(openSink(events)).toEqual({ config: storage, events });
});

it.each([custom, s3])('says so when that of $kind() is not where the page says', async storage => {
  const url = module('throw new Error("404")');
  await expect(sinkFor({ storage, s3Url: url, extrasUrl: url })).rejects.toMatchObject({
    code: 'worker-failed',
  });
});

it('asks for nothing else', async () => {
  const storage: DeviceConfig = { kind: 'device' };
  const url = module('throw new Error("404")');
  expect(await sinkFor({ storage, s3Url: url, extrasUrl: url })).toBeInstanceOf(Function);
});
