/** The recordings in the chosen storage, and what was cut off on its way there: the lower part of every page. */
import { byId } from './dom.ts';
import { chosenStorage, rememberStorage } from './options.ts';
import { Recordings } from './recordings.ts';
import { RecoveryNotice } from './recovery.ts';

export interface Library {
  /** Lists the recordings anew. */
  refresh(): void;
  /** Looks for what was cut off. */
  look(): void;
}

/** Shows what is there, and follows the choice of a storage. */
export const openLibrary = (): Library => {
  rememberStorage();
  const first = chosenStorage();
  const recordings = new Recordings(first.storage, first.where);
  const recovery = new RecoveryNotice(first, () => recordings.refresh());
  const library: Library = {
    refresh: () => void recordings.refresh(),
    look: () => void recovery.look(),
  };
  byId('storage', HTMLSelectElement).addEventListener('change', () => {
    const place = chosenStorage();
    void recordings.use(place.storage, place.where);
    void recovery.use(place);
  });
  byId('refresh', HTMLButtonElement).addEventListener('click', () => {
    library.refresh();
    library.look();
  });
  // A tab beside this one may have been closed by a crash meanwhile.
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) library.look();
  });
  library.refresh();
  library.look();
  return library;
};
