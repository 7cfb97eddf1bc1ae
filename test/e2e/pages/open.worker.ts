/** Opens files as the journal does, while the garbage is collected again and again. */
import { createDirectory, openSync } from '../../../src/opfs.ts';

/** Of Chromium, with `--js-flags=--expose-gc`: in a task of its own, so that nothing on the stack keeps anything. */
declare const gc: (options: { type: 'major'; execution: 'async' }) => Promise<void>;

const opened = async (name: string): Promise<boolean> => {
  let done = false;
  const opening = createDirectory(['garbage'])
    .then(directory => openSync(directory, name))
    .then(handle => {
      handle.close();
      done = true;
    });
  const until = performance.now() + 10_000;
  while (!done && performance.now() < until) await gc({ type: 'major', execution: 'async' });
  if (done) await opening;
  return done;
};

self.onmessage = async ({ data: times }: MessageEvent<number>) => {
  let count = 0;
  // The first one that is lost tells enough.
  while (count < times && (await opened(`file-${count}`))) count++;
  self.postMessage(count);
};
