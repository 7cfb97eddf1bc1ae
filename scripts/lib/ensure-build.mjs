/** dist/, built when it has to be. */
import { join } from 'node:path';
import { ROOT } from './paths.mjs';
import { run } from './run.mjs';
import { buildIsStale } from './stale.mjs';

/** Builds unless dist/ is up to date. Says nothing unless it fails. */
export const ensureBuild = async () => {
  if (!buildIsStale()) return;
  await run(process.execPath, [join(ROOT, 'scripts', 'build.mjs')], { quiet: true });
};
