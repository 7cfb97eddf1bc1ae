/** Marks recordings that a tab is busy with, so that no other touches them (Web Locks API). The browser lets go with the tab. */

const nameOf = (recordingId: string): string => `steadyreel:${recordingId}`;

/**
 * Takes a recording's lock.
 *
 * @returns a function that gives it back; `undefined` when another tab has it. In insecure contexts, where nothing can be
 * recorded, there are no locks.
 */
export const lockRecording = (recordingId: string): Promise<(() => void) | undefined> => {
  const { locks } = navigator;
  if (!locks) return Promise.resolve(() => undefined);
  return new Promise((resolve, reject) => {
    const hold = (lock: Lock | null): Promise<void> | undefined => {
      if (lock) return new Promise<void>(release => resolve(release));
      resolve(undefined);
      return undefined;
    };
    locks.request(nameOf(recordingId), { ifAvailable: true }, hold).catch(reject);
  });
};

/** Ids of the recordings that some tab is busy with. */
export const lockedRecordings = async (): Promise<Set<string>> => {
  const { held = [] } = (await navigator.locks?.query()) ?? {};
  const prefix = nameOf('');
  return new Set(
    held.flatMap(({ name = '' }) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : [])),
  );
};
