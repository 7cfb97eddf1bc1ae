/** Where things are. Node built-ins only: these modules run before any package is installed. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root. */
export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Stamps, reports and half-made builds; gone with node_modules. */
export const CACHE = join(ROOT, 'node_modules', '.cache', 'steadyreel');

/** What `npm run build` writes. */
export const DIST = join(ROOT, 'dist');

/**
 * A command on PATH, as an absolute path.
 *
 * @param {string} command
 * @param {string | undefined} path
 * @returns {string | undefined}
 */
export const which = (command, path = process.env.PATH) => {
  for (const folder of (path ?? '').split(':')) {
    const candidate = join(folder, command);
    if (folder !== '' && existsSync(candidate)) return candidate;
  }
  return undefined;
};
