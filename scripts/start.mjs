/** `npm start`: installs and builds what is missing, then serves the demo with its storage. */

import { ensureBuild } from './lib/ensure-build.mjs';
import { ensurePackages } from './lib/install.mjs';
import { DIST, ROOT } from './lib/paths.mjs';
import { freePort } from './lib/port.mjs';

const PORT = 8080;
const flags = process.argv.slice(2);
const asksFor = (/** @type {string} */ option) =>
  flags.some(flag => flag === `--${option}` || flag.startsWith(`--${option}=`));

// npm passes a signal on to the shell that it runs this in, and that shell ends without passing it on to us.
if (process.env.npm_lifecycle_event !== undefined) {
  const shell = process.ppid;
  setInterval(() => process.ppid !== shell && process.kill(process.pid, 'SIGTERM'), 250).unref();
}

await ensurePackages();
await ensureBuild();
if (!asksFor('port')) flags.unshift('--port', String(await freePort(PORT)));
// What comes later wins, so every default can be overridden: npm start -- --dir /data
process.argv.splice(
  2,
  Infinity,
  'serve',
  '--static',
  `${DIST}/demo`,
  '--dir',
  `${ROOT}/recordings`,
  ...flags,
);
await import(new URL('../dist/cli.js', import.meta.url).href);
