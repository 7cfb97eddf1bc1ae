/** Takes the place of `on-demand.ts` in the script-tag build: all of it is in the one file. */
export { keepOpen } from './keep-open.ts';
export { openAccess } from './storage/access.ts';
