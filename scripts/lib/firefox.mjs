/** The Firefox that the tests of calls run in, beside Chromium. An installed one is used. */
import { existsSync } from 'node:fs';
import { aptInstall } from './apt.mjs';
import { which } from './paths.mjs';

const COMMANDS = ['firefox-esr', 'firefox'];

/** What to do when there is no Firefox and none can be installed. */
export const FIREFOX_ADVICE = [
  'No Firefox was found, and it could not be installed. Calls are recorded in it as well.',
  'Install one in any of these ways and run this again:',
  '  Debian:          sudo apt-get install firefox-esr',
  '  elsewhere:       https://www.mozilla.org/firefox/enterprise/',
  '  already there:   STEADYREEL_FIREFOX=/path/to/firefox npm test',
].join('\n');

/**
 * Absolute path of an installed Firefox: `STEADYREEL_FIREFOX`, else one on PATH.
 *
 * @param {NodeJS.ProcessEnv} env
 * @returns {string | undefined}
 */
export const findFirefox = (env = process.env) => {
  const named = env.STEADYREEL_FIREFOX;
  if (named !== undefined && named !== '') {
    if (existsSync(named)) return named;
    throw new Error(`STEADYREEL_FIREFOX names "${named}", which is not there. Correct it or unset it.`);
  }
  for (const command of COMMANDS) {
    const found = which(command, env.PATH);
    if (found !== undefined) return found;
  }
  return undefined;
};

/**
 * Finds a Firefox, or installs Debian's by apt-get where it may be used. Resolves to undefined when there is none.
 *
 * @returns {Promise<string | undefined>}
 */
export const ensureFirefox = async () => {
  const found = findFirefox();
  if (found !== undefined) return found;
  await aptInstall(['firefox-esr']);
  return findFirefox();
};
