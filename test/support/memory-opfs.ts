/**
 * An origin private file system in memory, for Node: folders, files that one handle at a time writes, and what goes wrong
 * with them. A copy of it is what a crash leaves behind.
 */

/** What may be made to fail, and with what. */
export type Refusals = Partial<Record<'folder' | 'file' | 'handle' | 'write' | 'close' | 'flush', unknown>>;

interface Entry {
  bytes: Uint8Array<ArrayBuffer>;
  modified: number;
}

/** A handle, as far as it is used. */
type FakeHandle = { kind: 'file' | 'directory'; name: string } & Record<string, unknown>;

interface Folder {
  files: Map<string, Entry>;
  folders: Map<string, Folder>;
}

const newFolder = (): Folder => ({ files: new Map(), folders: new Map() });
const notFound = (): DOMException => new DOMException('It is not there.', 'NotFoundError');

const copyOf = (folder: Folder): Folder => ({
  files: new Map([...folder.files].map(([name, entry]) => [name, { ...entry, bytes: entry.bytes.slice() }])),
  folders: new Map([...folder.folders].map(([name, inside]) => [name, copyOf(inside)])),
});

/** Bytes with others written over them from a place on. */
const written = (before: Uint8Array, at: number, bytes: Uint8Array): Uint8Array<ArrayBuffer> => {
  const after = new Uint8Array(Math.max(before.length, at + bytes.length));
  after.set(before);
  after.set(bytes, at);
  return after;
};

/** Bytes from which on a file that is grown is taken for a hole. */
const HOLE = 4 * 1024 * 1024;

export class MemoryOpfs {
  #root: Folder = newFolder();
  /** Files that a handle has open. */
  readonly #locked = new Set<Entry>();
  refuse: Refusals = {};
  /** Bytes that one file may have; what does not fit is not taken, or, with `throws`, an error. */
  room = Number.POSITIVE_INFINITY;
  throws = false;
  /** Bytes that one write takes at the most. */
  perWrite = Number.POSITIVE_INFINITY;
  /** Handles that are open, files that were flushed, writes that were given up. */
  open = 0;
  flushed = 0;
  aborted = 0;
  /** Opening a handle waits for this. */
  opening: Promise<void> = Promise.resolve();
  /** Called after each change; here a crash can come. */
  onChange: () => void = () => undefined;

  /** The same content, with nothing open. */
  copy(): MemoryOpfs {
    const other = new MemoryOpfs();
    other.#root = copyOf(this.#root);
    return other;
  }

  /** What `navigator.storage` is to be. */
  get storage() {
    return {
      getDirectory: async () => this.#directory('', this.#root),
      estimate: async () => ({ quota: 2 ** 40, usage: 0 }),
    };
  }

  /** A file's content by its path. */
  read(path: string): Uint8Array | undefined {
    const { folder, name } = this.#find(path);
    return folder?.files.get(name)?.bytes;
  }

  /** Paths of all files. */
  get paths(): string[] {
    const list = (folder: Folder, prefix: string): string[] => [
      ...[...folder.files.keys()].map(name => prefix + name),
      ...[...folder.folders].flatMap(([name, inside]) => list(inside, `${prefix}${name}/`)),
    ];
    return list(this.#root, '').sort();
  }

  /** Puts a file there, or cuts one. */
  write(path: string, bytes: Uint8Array): void {
    const { folder, name } = this.#find(path);
    folder?.files.set(name, { bytes: bytes.slice(), modified: Date.now() });
  }

  /** Gives a file another name in its folder. */
  rename(path: string, to: string): void {
    const { folder, name } = this.#find(path);
    const entry = folder?.files.get(name);
    if (!folder || !entry) return;
    folder.files.delete(name);
    folder.files.set(this.#find(to).name, entry);
  }

  #find(path: string): { folder: Folder | undefined; name: string } {
    const names = path.split('/');
    const name = names.pop() ?? '';
    let folder: Folder | undefined = this.#root;
    for (const next of names) folder = folder?.folders.get(next);
    return { folder, name };
  }

  #check(what: keyof Refusals): void {
    if (this.refuse[what] !== undefined) throw this.refuse[what];
  }

  #directory(name: string, folder: Folder): FakeHandle {
    const enter = (next: string): FakeHandle => this.#directory(next, folder.folders.get(next) as Folder);
    const file = (next: string): FakeHandle => this.#file(next, folder);
    return {
      kind: 'directory',
      name,
      getDirectoryHandle: async (next: string, { create = false } = {}) => {
        this.#check('folder');
        if (!folder.folders.has(next)) {
          if (!create) throw notFound();
          folder.folders.set(next, newFolder());
          this.onChange();
        }
        return enter(next);
      },
      getFileHandle: async (next: string, { create = false } = {}) => {
        this.#check('file');
        if (!folder.files.has(next)) {
          if (!create) throw notFound();
          folder.files.set(next, { bytes: new Uint8Array(), modified: Date.now() });
          this.onChange();
        }
        return file(next);
      },
      removeEntry: async (next: string) => {
        if (!folder.files.delete(next) && !folder.folders.delete(next)) throw notFound();
        this.onChange();
      },
      values: async function* () {
        for (const next of [...folder.folders.keys()]) yield enter(next);
        for (const next of [...folder.files.keys()]) yield file(next);
      },
    };
  }

  #file(name: string, folder: Folder): FakeHandle {
    const entry = (): Entry => {
      const found = folder.files.get(name);
      if (!found) throw notFound();
      return found;
    };
    return {
      kind: 'file',
      name,
      getFile: async () => new File([entry().bytes], name, { lastModified: entry().modified }),
      createSyncAccessHandle: async () => {
        await this.opening;
        return this.#handle(entry());
      },
      createWritable: async () => this.#writable(folder, name),
    };
  }

  #handle(entry: Entry) {
    this.#check('handle');
    if (this.#locked.has(entry)) throw new DOMException('It is open.', 'NoModificationAllowedError');
    this.#locked.add(entry);
    this.open++;
    const change = (bytes: Uint8Array<ArrayBuffer>): void => {
      entry.bytes = bytes;
      entry.modified = Date.now();
      this.onChange();
    };
    return {
      write: (bytes: Uint8Array, { at }: { at: number }): number => {
        const taken = bytes.subarray(0, Math.max(0, Math.min(this.perWrite, this.room - at)));
        if (taken.length > 0) change(written(entry.bytes, at, taken));
        if (this.throws && taken.length < bytes.length)
          throw new DOMException('no room', 'QuotaExceededError');
        return taken.length;
      },
      read: (into: Uint8Array, { at }: { at: number }): number => {
        const found = entry.bytes.subarray(at, at + into.length);
        into.set(found);
        return found.length;
      },
      truncate: (size: number): void => {
        if (size < entry.bytes.length) change(entry.bytes.slice(0, size));
        // Filled with zeros; what is much larger is a hole that nobody looks into.
        else if (size > entry.bytes.length && size < HOLE)
          change(written(new Uint8Array(size), 0, entry.bytes));
      },
      flush: (): void => {
        this.#check('flush');
        this.flushed++;
      },
      close: (): void => {
        this.#locked.delete(entry);
        this.open--;
      },
    };
  }

  /** What is written shows when it is closed, all at once. */
  #writable(folder: Folder, name: string) {
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    return {
      write: async (piece: string | Uint8Array<ArrayBuffer>) => {
        this.#check('write');
        pieces.push(typeof piece === 'string' ? new TextEncoder().encode(piece) : piece.slice());
      },
      close: async () => {
        this.#check('close');
        const bytes = new Uint8Array(await new Blob(pieces).arrayBuffer());
        folder.files.set(name, { bytes, modified: Date.now() });
        this.onChange();
      },
      abort: async () => {
        this.aborted++;
      },
    };
  }
}
