/**
 * A Ceph that is unpacked, not installed: Debian's packages in a folder of the user's cache. Needs neither root nor
 * a change to the machine, only apt-get and dpkg-deb.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { which } from '../lib/paths.mjs';
import { COMMON, PINNED } from './packages.mjs';

/**
 * Where the programs of an unpacked Ceph are, and the environment that they need.
 *
 * @typedef {{ root: string, libraries: string, bin: (name: string) => string, env: NodeJS.ProcessEnv }} CephPrograms
 */

/** What to do when there is no Ceph and none can be fetched. */
export const CEPH_ADVICE = [
  'No Ceph was found, and it could not be fetched: the tests of the S3 storage need a real one.',
  "It is taken from Debian 12's packages with apt-get and dpkg-deb. Run this on Debian 12, where nothing has to",
  'be installed for it, or in a container of it.',
].join('\n');

const cacheFolder = () =>
  process.env.STEADYREEL_CACHE ||
  join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'steadyreel', 'ceph');

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {string} [cwd]
 */
const outputOf = (command, args, cwd) => {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status === 0) return stdout;
  throw new Error(`${command} ${args[0]} failed: ${(error?.message ?? stderr).trim().split('\n').at(-1)}`);
};

/** Names of the packages that are installed. */
const installed = () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholders are dpkg-query's.
  const lines = outputOf('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Status}\\n']).split('\n');
  return new Set(lines.filter(line => line.endsWith(' installed')).map(line => line.split(' ')[0] ?? ''));
};

/**
 * apt-get with lists and a cache of its own, so that the machine's stay as they are.
 *
 * @param {string} folder
 */
const aptIn = folder => {
  const lists = join(folder, 'lists');
  mkdirSync(join(lists, 'partial'), { recursive: true });
  const options = [`Dir::State::lists=${lists}`, `Dir::Cache=${folder}`, 'Debug::NoLocking=true'];
  // apt gives up root's rights for downloads, and then can't write into a folder of root's.
  options.push('APT::Sandbox::User=root');
  return options.flatMap(option => ['-o', option]);
};

/**
 * Versions that the mirror has, by package.
 *
 * @param {readonly string[]} apt
 * @param {readonly string[]} names
 */
const availableVersions = (apt, names) => {
  /** @type {Map<string, Set<string>>} */
  const versions = new Map();
  for (const line of outputOf('apt-cache', [...apt, 'madison', ...names]).split('\n')) {
    const [name = '', version = ''] = line.split('|').map(column => column.trim());
    if (version !== '') versions.set(name, (versions.get(name) ?? new Set()).add(version));
  }
  return versions;
};

/**
 * What apt-get is asked for: the pinned version where the mirror has it, else the current one.
 *
 * @param {Readonly<Record<string, string>>} pinned
 * @param {readonly string[]} common
 * @param {ReadonlyMap<string, ReadonlySet<string>>} available
 */
export const choosePackages = (pinned, common, available) => {
  const chosen = [];
  const notes = [];
  for (const [name, version] of Object.entries(pinned)) {
    const versions = available.get(name);
    if (versions?.has(version)) chosen.push(`${name}=${version}`);
    else if (versions === undefined) notes.push(`${name} is not to be had here`);
    else {
      chosen.push(name);
      notes.push(`${name} ${version} is no longer to be had; ${[...versions][0]} is taken`);
    }
  }
  return { chosen: [...chosen, ...common.filter(name => available.has(name))], notes };
};

/**
 * Downloads and unpacks into `root`, by way of a folder beside it, so that nobody sees half of one.
 *
 * @param {string} root
 */
const fetchInto = root => {
  const work = `${root}.${process.pid}`;
  const downloads = join(work, 'downloads');
  const unpacked = join(work, 'root');
  mkdirSync(downloads, { recursive: true });
  mkdirSync(unpacked, { recursive: true });
  try {
    const apt = aptIn(join(work, 'apt'));
    outputOf('apt-get', [...apt, 'update']);
    const have = installed();
    const common = COMMON.filter(name => !have.has(name));
    const available = availableVersions(apt, [...Object.keys(PINNED), ...common]);
    const { chosen, notes } = choosePackages(PINNED, common, available);
    for (const note of notes) console.error(`Ceph: ${note}.`);
    outputOf('apt-get', [...apt, 'download', ...chosen], downloads);
    for (const file of readdirSync(downloads)) outputOf('dpkg-deb', ['-x', join(downloads, file), unpacked]);
    // Somebody else may have been quicker.
    if (!existsSync(root)) renameSync(unpacked, root);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
};

/**
 * @param {string} root
 * @returns {CephPrograms}
 */
const programsIn = root => {
  const parent = join(root, 'usr', 'lib');
  const name = existsSync(parent)
    ? readdirSync(parent).find(entry => entry.endsWith('-linux-gnu'))
    : undefined;
  if (name === undefined) throw new Error(`${root} holds no libraries. Delete it, and it is fetched anew.`);
  const libraries = join(parent, name);
  const python = join(root, 'usr', 'bin', 'python3.11');
  const env = {
    ...process.env,
    LD_LIBRARY_PATH: [libraries, join(libraries, 'ceph'), join(root, 'lib', name)].join(':'),
    PYTHONPATH: join(root, 'usr', 'lib', 'python3', 'dist-packages'),
    ...(existsSync(python) ? { PYTHONHOME: join(root, 'usr') } : {}),
  };
  const bin = (/** @type {string} */ command) => {
    // Its module is compiled for this version of Python, whichever one is first on PATH.
    if (command === 'python') return existsSync(python) ? python : '/usr/bin/python3';
    return join(root, 'usr', 'bin', command);
  };
  return { root, libraries, bin, env };
};

/**
 * The programs of Ceph, fetched when they are not there yet: about 60 MB, once. `undefined`, having said why, when
 * that can't be done on this machine.
 *
 * @returns {CephPrograms | undefined}
 */
export const ensureCeph = () => {
  const wanted = createHash('sha256')
    .update(JSON.stringify([PINNED, COMMON]))
    .digest('hex')
    .slice(0, 12);
  const root = join(cacheFolder(), wanted);
  try {
    if (!existsSync(root)) {
      if (which('apt-get') === undefined || which('dpkg-deb') === undefined) {
        console.error('Ceph: apt-get and dpkg-deb are not on this machine.');
        return undefined;
      }
      console.log('Fetching Ceph …');
      mkdirSync(cacheFolder(), { recursive: true });
      fetchInto(root);
    }
    const programs = programsIn(root);
    const trial = spawnSync(programs.bin('radosgw'), ['--version'], { env: programs.env, encoding: 'utf8' });
    if (trial.status === 0) return programs;
    console.error(`Ceph: it does not run here: ${(trial.error?.message ?? trial.stderr).trim()}`);
  } catch (error) {
    console.error(`Ceph: ${error instanceof Error ? error.message : error}`);
  }
  return undefined;
};
