/** Debian's package manager, where there is one that may be used. */
import { which } from './paths.mjs';
import { run, succeeds } from './run.mjs';

/** @type {Promise<void> | undefined} */
let updated;

/** How apt-get can be called here: as it is (root), through a sudo that asks nothing, or not at all. */
const aptPrefix = () => {
  if (which('apt-get') === undefined) return undefined;
  if (process.getuid?.() === 0) return [];
  if (which('sudo') !== undefined && succeeds('sudo', ['-n', 'true'])) return ['sudo', '-n'];
  return undefined;
};

/**
 * Installs packages by apt-get. Resolves to false, having said why, when it can't.
 *
 * @param {readonly string[]} packages
 * @returns {Promise<boolean>}
 */
export const aptInstall = async packages => {
  const prefix = aptPrefix();
  if (prefix === undefined) return false;
  console.log(`Installing ${packages.join(', ')} by apt-get …`);
  /** @param {readonly string[]} args */
  const apt = args => {
    const [command = 'apt-get', ...rest] = [
      ...prefix,
      'env',
      'DEBIAN_FRONTEND=noninteractive',
      'apt-get',
      ...args,
    ];
    return run(command, rest, { quiet: true });
  };
  try {
    updated ??= apt(['update']);
    await updated;
    await apt(['install', '-y', '--no-install-recommends', ...packages]);
    return true;
  } catch (error) {
    console.error(
      `apt-get could not install ${packages.join(', ')}: ${error instanceof Error ? error.message : error}`,
    );
    return false;
  }
};
