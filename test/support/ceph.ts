/** A Ceph for tests that need one of their own, to end parts of it. Others share that of ceph-server.ts. */
export { type Ceph, startCeph } from '../../scripts/ceph/cluster.mjs';
