/** When what happens gets into the tail of the journal, on a tail that only remembers. */
import { expect, it } from 'vitest';
import type { JournalRecord } from '../../src/journal/records.ts';
import type { Tail } from '../../src/journal/tail.ts';
import { RecordingLog } from '../../src/worker/recording-log.ts';

const start = () => {
  const written: string[] = [];
  const say = (records: readonly JournalRecord[]): string =>
    records.map(({ json }) => (json as { kind: string }).kind).join(' ');
  const tail = {
    append: (records: readonly JournalRecord[]) => written.push(say(records)),
    begin: (records: readonly JournalRecord[]) => written.push(`begin ${say(records)}`),
  } as unknown as Tail;
  const moments: (() => void)[] = [];
  const log = new RecordingLog(
    tail,
    error => {
      throw error;
    },
    write => moments.push(write),
  );
  const end = (time: number): void => log.record({ kind: 'end', file: 1, time });
  return { log, end, written, moments };
};

it('what happens within a moment is written together, when it is over', () => {
  const { end, written, moments } = start();
  for (const time of [1, 2, 3]) end(time);
  expect(written).toEqual([]);
  for (const over of moments.splice(0)) over();
  end(4);
  for (const over of moments) over();
  expect(written).toEqual(['end end end', 'end']);
});

it('nobody who asks whether all is written waits for that, and nothing is written twice', async () => {
  const { log, end, written, moments } = start();
  end(1);
  await log.settled();
  expect(written).toEqual(['end']);
  for (const over of moments) over();
  expect(written).toEqual(['end']);
});

it('a checkpoint comes after all that was before it', () => {
  const { log, end, written, moments } = start();
  end(1);
  log.checkpoint(() => ({ files: [], packets: [] }));
  for (const over of moments) over();
  expect(written).toEqual(['end', 'begin checkpoint']);
});
