/** What a journal says of its recording, and where journals lie. */
import type { Recording } from '../manifest.ts';
import {
  directoryNames,
  JOURNALS_PATH,
  journalPath,
  RECORDINGS_PATH,
  readFile,
  recordingPath,
} from '../opfs.ts';

/** Its file, there for as long as the recording has to be finished. */
export const SETUP_NAME = 'setup.json';

/** What is written down of a recording before anything of it comes. */
export interface JournalSetup {
  version: 1;
  id: string;
  /** RFC 3339, UTC. */
  startedAt: string;
  metadata: Record<string, unknown>;
  /** Where it goes: enough to tell one storage from another, and no secret. */
  storage: { kind: string; endpoint?: string };
  /** Absent: by encoding. */
  method?: Recording['method'] | undefined;
  /** Absent: by whether there were overlays. */
  kind?: Recording['kind'] | undefined;
  linked?: Recording['linked'] | undefined;
  /** When it ended, or was cut off; known once somebody wanted to finish it. RFC 3339, UTC. */
  endedAt?: string | undefined;
}

/** The JSON in a file; `undefined` when there is none, or one that was torn while it was written for the first time. */
export const readJson = async <T>(path: readonly string[], name: string): Promise<T | undefined> => {
  const file = await readFile(path, name);
  if (!file) return undefined;
  try {
    return JSON.parse(await file.text()) as T;
  } catch {
    return undefined;
  }
};

/** What says of a folder that there is something to be finished; `undefined` when nothing does. */
export const readSetup = (path: readonly string[]): Promise<JournalSetup | undefined> =>
  readJson<JournalSetup>(path, SETUP_NAME);

/** Folders in which there may be something to be finished, also of recordings that a storage did not take. */
export const journalFolders = async (): Promise<{ id: string; path: string[] }[]> => [
  ...(await directoryNames(JOURNALS_PATH)).map(id => ({ id, path: journalPath(id) })),
  ...(await directoryNames(RECORDINGS_PATH)).map(id => ({ id, path: recordingPath(id) })),
];
