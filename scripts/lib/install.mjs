/** npm packages: `npm ci`, when it is needed. */
import { existsSync, lstatSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE, ROOT } from './paths.mjs';
import { run } from './run.mjs';

const STAMP = join(CACHE, 'packages.stamp');
const LOCK = join(ROOT, 'package-lock.json');
// npm writes this at the end of every install, so a hand-run `npm install` counts as one too.
const PACKAGES = join(ROOT, 'node_modules');
const NPM_STAMP = join(PACKAGES, '.package-lock.json');

/** @param {string} file */
const modified = file => (existsSync(file) ? statSync(file).mtimeMs : 0);

/** True when node_modules is missing, half made, or older than package-lock.json. */
export const packagesAreStale = () => {
  if (!existsSync(NPM_STAMP)) return true;
  return Math.max(modified(STAMP), modified(NPM_STAMP)) < modified(LOCK);
};

/** Installs the packages of package-lock.json unless they are there. */
export const ensurePackages = async () => {
  if (!packagesAreStale()) return;
  // `npm ci` would empty the folder of the other checkout that it leads to.
  if (lstatSync(PACKAGES, { throwIfNoEntry: false })?.isSymbolicLink()) {
    throw new Error(
      `${PACKAGES} is a link, and its packages are not those of package-lock.json: install where it leads to.`,
    );
  }
  console.log('Installing npm packages …');
  await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    env: { PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD: '1' },
  });
  mkdirSync(CACHE, { recursive: true });
  writeFileSync(STAMP, '');
};
