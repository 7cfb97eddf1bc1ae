/** Takes the place of `on-demand.ts` in the script-tag build: all of it is in the one file. */
import { keepOpen } from './keep-open.ts';
import type * as onDemand from './on-demand.ts';
import { recover, unfinishedRecordings } from './recovering.ts';
import { openAccess } from './storage/access.ts';

const here = async () => ({ keepOpen, openAccess, recover, unfinishedRecordings });

export const access: typeof onDemand.access = here;
export const recovering: typeof onDemand.recovering = here;
export const keeping: typeof onDemand.keeping = here;
