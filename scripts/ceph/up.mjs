/**
 * `npm run ceph`: a Ceph to try the S3 storage against, until Ctrl-C. OSDS=3 starts three stores on disk, SIZE=2 keeps
 * two copies of each object.
 */
import { startCeph } from './cluster.mjs';

/** @param {string | undefined} text */
const count = text => (text === undefined || text === '' ? undefined : Number(text));

const osds = count(process.env.OSDS);
const size = count(process.env.SIZE);
const started = performance.now();
try {
  const ceph = await startCeph({
    ...(osds === undefined ? {} : { osds }),
    ...(size === undefined ? {} : { size }),
  });
  // The programs do not keep this one alive.
  const awake = setInterval(() => undefined, 2 ** 30);
  const stop = async () => {
    clearInterval(awake);
    await ceph.stop();
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  console.log(`Ceph is ready after ${((performance.now() - started) / 1000).toFixed(1)} s. Ctrl-C ends it.`);
  for (const name of /** @type {const} */ ([
    'endpoint',
    'region',
    'bucket',
    'accessKeyId',
    'secretAccessKey',
  ])) {
    console.log(`  ${name.padEnd(16)}${ceph[name]}`);
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
