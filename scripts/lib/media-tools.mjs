/** The independent readers of media files that the tests check against. */
import { aptInstall } from './apt.mjs';
import { which } from './paths.mjs';

/** Command, the Debian package that has it, and whether the tests can do without. */
const TOOLS = [
  { command: 'ffmpeg', package: 'ffmpeg', required: true },
  { command: 'ffprobe', package: 'ffmpeg', required: true },
  { command: 'mediainfo', package: 'mediainfo', required: false },
  { command: 'mkvmerge', package: 'mkvtoolnix', required: false },
];

/** What to do when ffmpeg is missing and can't be installed. */
export const MEDIA_TOOLS_ADVICE = [
  'ffmpeg and ffprobe were not found, and could not be installed. The tests read the recorded files with them.',
  'Install them and run this again:',
  '  Debian, Ubuntu:  sudo apt-get install ffmpeg mediainfo mkvtoolnix',
  '  macOS:           brew install ffmpeg mediainfo mkvtoolnix',
].join('\n');

const missing = () => TOOLS.filter(tool => which(tool.command) === undefined);

/** Installs what is missing. Resolves to false when a required tool is still missing. */
export const ensureMediaTools = async () => {
  const packages = [...new Set(missing().map(tool => tool.package))];
  if (packages.length > 0) await aptInstall(packages);
  return missing().every(tool => !tool.required);
};
