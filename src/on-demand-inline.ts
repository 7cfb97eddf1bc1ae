/**
 * Takes the place of `on-demand.ts` in the script-tag build: what is recorded on this device is read by the one file itself, and what is
 * in other storages by `extras.js`, which lies beside it.
 */
import { classOf } from './error-from-message.ts';
import { NAME, SteadyreelError } from './errors.ts';
import { load } from './load.ts';
import type { openAccess as OpenAccess } from './storage/access.ts';
import { DeviceAccess } from './storage/device/access.ts';
import type { Access } from './storage/storage.ts';
import { partUrl } from './worker/spawn.ts';

export { keepOpen } from './keep-open.ts';

/** Its errors have classes of its own: they are made what they are here. */
const asHere = (error: Error & { code: string }): never => {
  if (error.name === NAME && !(error instanceof SteadyreelError))
    Object.setPrototypeOf(error, classOf(error.code).prototype);
  throw error;
};

/** @throws WorkerFailedError (`worker-failed`) when `extras.js` is not there. */
export const openAccess = async (...given: Parameters<typeof OpenAccess>): Promise<Access> => {
  if (given[0].kind === 'device') return new DeviceAccess();
  const extras = await load<{ openAccess: typeof OpenAccess }>(partUrl('extras.js'));
  const access = extras.openAccess(...given);
  return {
    read: (...asked) => access.read(...asked).catch(asHere),
    list: (...asked) => access.list(...asked).catch(asHere),
    delete: (...asked) => access.delete(...asked).catch(asHere),
  };
};
