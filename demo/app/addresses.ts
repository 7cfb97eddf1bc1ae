/** Where the page finds what lies in a storage. */
import type { Storage } from 'steadyreel';

/** An address that an element can show or play, and what to do when it has done so. */
export interface Address {
  url: string;
  release(): void;
}

/** The storage's own address where it has one, else one made of the bytes. */
export const addressOf = async (storage: Storage, key: string): Promise<Address> => {
  const url = storage.url(key);
  if (url !== undefined) return { url, release: () => undefined };
  const made = URL.createObjectURL(await storage.read(key));
  return { url: made, release: () => URL.revokeObjectURL(made) };
};
