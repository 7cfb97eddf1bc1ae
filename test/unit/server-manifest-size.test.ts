import { expect, it } from 'vitest';
import { ID, manifest, newStorage } from './server-kit.ts';

it('takes the manifest of a recording of days, with no option set', async () => {
  const { client } = await newStorage();
  const cut = {
    time: 1,
    type: 'cut',
    reason: 'video-size',
    before: { video: { codedWidth: 640 } },
    after: { video: { codedWidth: 1280 } },
  };
  const long = { ...manifest(ID), metadata: { cuts: Array(20_000).fill(cut) } };
  expect(JSON.stringify(long).length).toBeGreaterThan(2 * 1024 ** 2);
  expect((await client.putManifest(ID, long)).status).toBeLessThan(300);
});
