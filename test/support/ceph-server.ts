/** The Ceph that the tests of the S3 storage share: started once, before all of them. */
import type { TestProject } from 'vitest/node';
import { startCeph } from '../../scripts/ceph/cluster.mjs';
import { CEPH_ADVICE, ensureCeph } from '../../scripts/ceph/fetch.mjs';

/** What the tests are told of it. */
export interface CephAccess {
  endpoint: string;
  region: string;
  bucket: string;
  accessKeyId: string;
  secretAccessKey: string;
}

declare module 'vitest' {
  export interface ProvidedContext {
    /** `undefined` on machines that can't run it. */
    ceph: CephAccess | undefined;
  }
}

const isCi = process.env.CI === 'true' || process.env.CI === '1';

export default async ({ provide }: TestProject): Promise<(() => Promise<void>) | undefined> => {
  if (ensureCeph() === undefined) {
    if (isCi) throw new Error(CEPH_ADVICE);
    console.error(`\n!!! The tests of the S3 storage are SKIPPED.\n${CEPH_ADVICE}\n`);
    provide('ceph', undefined);
    return undefined;
  }
  const { endpoint, region, bucket, accessKeyId, secretAccessKey, stop } = await startCeph();
  provide('ceph', { endpoint, region, bucket, accessKeyId, secretAccessKey });
  return stop;
};
