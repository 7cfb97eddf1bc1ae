/** What Ceph's configuration file says. Pure. */

/**
 * A cluster on one machine. `osds` stores keep `size` copies of each object.
 *
 * @typedef {{
 *   folder: string, libraries: string, fsid: string, monitorPort: number, gatewayPort: number, osds: number,
 *   size: number, store: 'memstore' | 'bluestore',
 * }} CephLayout
 */

/** @typedef {Record<string, string | number | boolean>} Section */

/** @param {CephLayout} layout @returns {Section} */
const everybody = ({ folder, libraries, fsid, monitorPort, size }) => ({
  fsid,
  mon_host: `[v2:127.0.0.1:${monitorPort}/0]`,
  // Nothing of it listens where another machine could reach it.
  public_addr: '127.0.0.1',
  cluster_addr: '127.0.0.1',
  public_network: '127.0.0.0/8',
  cluster_network: '127.0.0.0/8',
  ms_bind_msgr1: false,
  auth_cluster_required: 'none',
  auth_service_required: 'none',
  auth_client_required: 'none',
  // Without keys there is nothing to encrypt with; left to choose, the gateway waits for an encrypted monitor.
  ms_mon_client_mode: 'crc',
  ms_mon_service_mode: 'crc',
  ms_mon_cluster_mode: 'crc',
  keyring: '/dev/null',
  run_dir: `${folder}/run`,
  admin_socket: `${folder}/run/$name.asok`,
  log_file: `${folder}/log/$name.log`,
  mon_cluster_log_file: `${folder}/log/cluster.log`,
  crash_dir: `${folder}/crash`,
  plugin_dir: libraries,
  erasure_code_dir: `${libraries}/ceph/erasure-code`,
  osd_class_dir: `${libraries}/rados-classes`,
  osd_pool_default_size: size,
  osd_pool_default_min_size: 1,
  osd_pool_default_pg_num: 4,
  osd_pool_default_pgp_num: 4,
  osd_pool_default_pg_autoscale_mode: 'off',
  // Copies may lie on stores of one machine.
  osd_crush_chooseleaf_type: 0,
  mon_allow_pool_size_one: true,
  // A store that dies is missed soon, also just after it began; by default two other machines would have to say so.
  mon_osd_min_down_reporters: 1,
  osd_heartbeat_interval: 1,
  osd_heartbeat_grace: 10,
  mon_max_pg_per_osd: 2000,
  // Its default of a second is for clusters of many machines; here it is most of the time that a start takes.
  paxos_propose_interval: 0.05,
});

/** @param {CephLayout} layout @returns {Section} */
const stores = ({ folder, store }) => ({
  osd_data: `${folder}/osd.$id`,
  osd_objectstore: store,
  memstore_device_bytes: 2 * 1024 ** 3,
  bluestore_block_size: 4 * 1024 ** 3,
  osd_memory_target: 896 * 1024 ** 2,
  // File systems of containers take shorter names than Ceph's default.
  osd_max_object_name_len: 256,
  osd_max_object_namespace_len: 64,
});

/** @param {CephLayout} layout @returns {Section} */
const gateway = ({ gatewayPort }) => ({
  // Else each short answer waits 40 ms for the acknowledgement of its own first half.
  rgw_frontends: `beast endpoint=127.0.0.1:${gatewayPort} tcp_nodelay=1`,
  rgw_rados_pool_pg_num_min: 1,
  rgw_thread_pool_size: 64,
});

/**
 * The text of ceph.conf.
 *
 * @param {CephLayout} layout
 */
export const cephConfig = layout => {
  const sections = {
    global: everybody(layout),
    // Else it stops when the machine's disk is nearly full.
    mon: { mon_data: `${layout.folder}/mon.$id`, mon_data_avail_crit: 1 },
    osd: stores(layout),
    'client.rgw': gateway(layout),
  };
  return Object.entries(sections)
    .map(([name, values]) => [
      `[${name}]`,
      ...Object.entries(values).map(([key, value]) => `${key} = ${value}`),
    ])
    .map(lines => `${lines.join('\n')}\n`)
    .join('\n');
};
