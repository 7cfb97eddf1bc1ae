/**
 * A real Ceph for tests: monitor, stores and S3 gateway, on this machine and reachable from it only, with a user and
 * a bucket. Everything lies in a folder of its own, which is deleted at the end.
 */
import { execFile } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../lib/port.mjs';
import { makeBucket } from './bucket.mjs';
import { cephConfig } from './config.mjs';
import { CEPH_ADVICE, ensureCeph } from './fetch.mjs';
import { Program, waitUntil } from './programs.mjs';

const execute = promisify(execFile);

/**
 * @typedef {import('./config.mjs').CephLayout} CephLayout
 * @typedef {import('./fetch.mjs').CephPrograms} CephPrograms
 * @typedef {{
 *   endpoint: string, region: string, bucket: string, accessKeyId: string, secretAccessKey: string,
 *   stop: () => Promise<void>,
 *   killOsd: (id: number) => Promise<void>, startOsd: (id: number) => Promise<void>,
 *   killGateway: () => Promise<void>, startGateway: () => Promise<void>,
 * }} Ceph
 */

/** Everything of one cluster. */
class Cluster {
  /**
   * @param {CephPrograms} ceph
   * @param {CephLayout} layout
   */
  constructor(ceph, layout) {
    this.ceph = ceph;
    this.layout = layout;
    this.endpoint = `http://127.0.0.1:${layout.gatewayPort}`;
    this.env = { ...ceph.env, CEPH_CONF: join(layout.folder, 'ceph.conf') };
    /** @type {Map<string, Program>} */
    this.running = new Map();
  }

  /** @param {string} name @param {string} command @param {readonly string[]} args */
  launch(name, command, args) {
    const log = join(this.layout.folder, 'log', `${name}.out`);
    const program = new Program(name, this.ceph.bin(command), args, { env: this.env, log });
    this.running.set(name, program);
    return program;
  }

  /** Runs a program to its end; rejects when that is not a good one. @param {string} command @param {readonly string[]} args */
  async finish(command, args) {
    const { stdout } = await execute(this.ceph.bin(command), args, { env: this.env, timeout: 60_000 });
    return stdout;
  }

  /** Asks the monitor. @param {readonly string[]} args */
  ask(...args) {
    const script = join(this.ceph.root, 'usr', 'bin', 'ceph');
    return this.finish('python', [script, '--connect-timeout', '30', ...args]);
  }

  /** How many stores take requests. */
  async storesUp() {
    const { num_up_osds } = JSON.parse(await this.ask('osd', 'stat', '-f', 'json'));
    return num_up_osds;
  }

  /** @param {number} id */
  async makeStore(id) {
    const uuid = randomUUID();
    mkdirSync(join(this.layout.folder, `osd.${id}`));
    await this.ask('osd', 'new', uuid, String(id));
    await this.finish('ceph-osd', ['-i', String(id), '--mkfs', '--osd-uuid', uuid]);
  }

  /** @param {number} id */
  async startStore(id) {
    const program = this.launch(`osd.${id}`, 'ceph-osd', ['-i', String(id), '-f']);
    const isUp = async () => {
      const { osds } = JSON.parse(await this.ask('osd', 'dump', '-f', 'json'));
      return osds.some((/** @type {{ osd: number, up: number }} */ osd) => osd.osd === id && osd.up === 1);
    };
    await waitUntil(isUp, { what: `store ${id}`, program });
  }

  async startGateway() {
    const program = this.launch('gateway', 'radosgw', ['-n', 'client.rgw', '-f']);
    const answers = () =>
      fetch(this.endpoint).then(
        ({ ok }) => ok,
        () => false,
      );
    await waitUntil(answers, { what: 'the gateway', program });
  }

  async begin() {
    const { folder, fsid, monitorPort, osds } = this.layout;
    for (const name of ['run', 'log']) mkdirSync(join(folder, name));
    writeFileSync(join(folder, 'ceph.conf'), cephConfig(this.layout));
    const map = join(folder, 'monmap');
    const address = `[v2:127.0.0.1:${monitorPort}/0]`;
    await this.finish('monmaptool', ['--create', '--fsid', fsid, '--addv', 'a', address, map]);
    await this.finish('ceph-mon', ['--mkfs', '-i', 'a', '--monmap', map]);
    this.launch('monitor', 'ceph-mon', ['-i', 'a', '-f']);
    const ids = Array.from({ length: osds }, (_, id) => id);
    await Promise.all(ids.map(id => this.makeStore(id)));
    await Promise.all(ids.map(id => this.startStore(id)));
    await this.startGateway();
  }

  /** @param {string} accessKeyId @param {string} secretAccessKey */
  makeUser(accessKeyId, secretAccessKey) {
    const keys = ['--access-key', accessKeyId, '--secret-key', secretAccessKey];
    const user = ['--uid', 'recorder', '--display-name', 'recorder'];
    return this.finish('radosgw-admin', ['-n', 'client.rgw', 'user', 'create', ...user, ...keys]);
  }

  /** @param {string} name */
  async kill(name) {
    await this.running.get(name)?.kill();
    this.running.delete(name);
  }

  /** Ends what was started and deletes what was stored: a store in memory can't be taken up again in any case. */
  async end() {
    for (const name of [...this.running.keys()].reverse()) await this.kill(name);
    rmSync(this.layout.folder, { recursive: true, force: true });
  }
}

/** @param {{ osds: number, size: number }} options @returns {Promise<CephLayout>} */
const newLayout = async ({ osds, size }) => ({
  folder: realpathSync(mkdtempSync(join(tmpdir(), 'steadyreel-ceph-'))),
  libraries: '',
  fsid: randomUUID(),
  monitorPort: await freePort(),
  gatewayPort: await freePort(),
  osds,
  size,
  // One store in memory starts in a second. Several are there to be killed and started again, so they keep theirs.
  store: osds === 1 ? 'memstore' : 'bluestore',
});

/**
 * Starts a Ceph, fetching its programs when they are not there yet. `osds` stores (default 1, in memory; more are
 * on disk) keep `size` copies of each object (default: one on each store). Rejects with what to do when this machine
 * can't run it.
 *
 * @param {{ osds?: number, size?: number }} [options]
 * @returns {Promise<Ceph>}
 */
export const startCeph = async ({ osds = 1, size = osds } = {}) => {
  const programs = ensureCeph();
  if (programs === undefined) throw new Error(CEPH_ADVICE);
  const layout = { ...(await newLayout({ osds, size })), libraries: programs.libraries };
  const cluster = new Cluster(programs, layout);
  const bucket = 'recordings';
  const accessKeyId = randomBytes(10).toString('hex');
  const secretAccessKey = randomBytes(20).toString('hex');
  const region = 'us-east-1';
  try {
    await cluster.begin();
    await cluster.makeUser(accessKeyId, secretAccessKey);
    await makeBucket({ endpoint: cluster.endpoint, region, bucket, accessKeyId, secretAccessKey });
  } catch (error) {
    await cluster.end();
    throw error;
  }
  return {
    endpoint: cluster.endpoint,
    region,
    bucket,
    accessKeyId,
    secretAccessKey,
    stop: () => cluster.end(),
    killOsd: id => cluster.kill(`osd.${id}`),
    startOsd: id => cluster.startStore(id),
    killGateway: () => cluster.kill('gateway'),
    startGateway: () => cluster.startGateway(),
  };
};
