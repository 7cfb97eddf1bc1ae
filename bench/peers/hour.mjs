/** An hour of packets as fast as they go, through the real files, journal and uploader: what a test holds, told in numbers. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../scripts/lib/port.mjs';

/** Looks at the memory in an hour, and frames from one to the next. */
const LOOKS = 12;
const FRAMES = (3_600 * 30) / LOOKS;

/** Bytes that the recording's worker has in use, every five minutes. @param {import('./run.mjs').Context} context */
export const hour = async ({ RawChromium, url }) => {
  const profile = await mkdtemp(join(tmpdir(), 'steadyreel-peers-'));
  const browser = await RawChromium.launch(profile);
  try {
    const tab = await browser.open(`${url}hour`);
    const worker = await tab.worker();
    // Nobody listens there: all of the hour waits on this device.
    const nowhere = `http://127.0.0.1:${await freePort()}/storage`;
    const memory = [];
    for (let look = 0; look < LOOKS; look++) {
      const { errors } = /** @type {{ errors: string[] }} */ (
        await tab.evaluate(`feed(${JSON.stringify(nowhere)}, ${FRAMES})`)
      );
      if (errors.length > 0) throw new Error(errors.join('; '));
      memory.push(await worker.memory());
    }
    return { memory };
  } finally {
    await browser.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
};
