/** Reads the tail of a journal that was left behind. */
import { readFile } from '../opfs.ts';
import { decodeRecords, type JournalRecord } from './records.ts';
import { TAIL_NAMES } from './tail.ts';

/** What was written since a checkpoint. */
export interface Generation {
  generation: number;
  records: JournalRecord[];
}

/** What is there, newest generation first, and when something was written last, in milliseconds since 1970. */
export const readTail = async (
  path: readonly string[],
): Promise<{ generations: Generation[]; writtenAt: number }> => {
  const generations = [];
  let writtenAt = 0;
  for (const name of TAIL_NAMES) {
    const file = await readFile(path, name);
    writtenAt = Math.max(writtenAt, file?.lastModified ?? 0);
    const decoded = file && decodeRecords(new Uint8Array(await file.arrayBuffer()));
    if (decoded) generations.push(decoded);
  }
  return { generations: generations.sort((a, b) => b.generation - a.generation), writtenAt };
};
