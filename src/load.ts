/** Loads what is a file of its own, so that only those pay for it who need it. */
import { WorkerFailedError } from './errors.ts';

/** @throws WorkerFailedError (`worker-failed`) when it is not where it should be. */
export const load = async <Module>(url: string): Promise<Module> => {
  try {
    return (await import(/* @vite-ignore */ /* webpackIgnore: true */ url)) as Module;
  } catch (error) {
    throw new WorkerFailedError(`${url} could not be loaded`, error);
  }
};
