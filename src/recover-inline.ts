/** Takes the place of `recover.ts` in the script-tag build: all of it is in the one file. */
export { recover, unfinishedRecordings } from './recovering.ts';
