/** The list of recordings, as it is answered. No Node modules. */
import { byStartDescending } from '../manifest.ts';
import type { StoredManifest } from './body.ts';
import { requestInvalid } from './errors.ts';

/** Does `work` for each item, `size` of them at once; the results are in the items' order. */
export const inBatches = async <Item, Result>(
  items: readonly Item[],
  size: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> => {
  const results: Result[] = [];
  for (let from = 0; from < items.length; from += size) {
    results.push(...(await Promise.all(items.slice(from, from + size).map(work))));
  }
  return results;
};

/** The JSON of all manifests, newest first, at most `limit` of them. */
export const listJson = (manifests: readonly (StoredManifest | undefined)[], limit: number): string => {
  const listed = manifests.filter(one => one !== undefined);
  listed.sort((a, b) => byStartDescending(a.manifest, b.manifest));
  const texts = listed.slice(0, limit).map(one => one.text);
  return `{"recordings":[${texts.join(',')}]}`;
};

/** How many recordings a request asks for. @throws HttpError (400). */
export const parseLimit = (request: Request): number => {
  const limit = new URL(request.url).searchParams.get('limit');
  if (limit === null) return Number.POSITIVE_INFINITY;
  if (!/^\d{1,9}$/.test(limit)) throw requestInvalid('limit: expected a whole number.');
  return Number(limit);
};

/** The answer to a request for the list. */
export const listResponse = (json: string): Response =>
  new Response(json, { headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' } });
