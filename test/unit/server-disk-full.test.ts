/**
 * A disk that is full, in earnest: a tiny file system in memory where this process may mount one, and
 * everywhere a server whose files may not grow (`ulimit -f`).
 */
import { execFileSync } from 'node:child_process';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { serve } from '../../src/server/index.ts';
import { type BuiltCli, buildCli, runServe } from './cli-kit.ts';
import {
  Client,
  errorCode,
  filePath,
  ID,
  manifest,
  noise,
  OTHER_ID,
  sha256,
  temporaryFolder,
} from './server-kit.ts';

const MEGABYTE = 1024 * 1024;

/** A server with as much room as is set; files of a megabyte fill what there is of `some`. */
interface Disk {
  dir: string;
  client: Client;
  setRoom(room: 'some' | 'none' | 'plenty'): Promise<void>;
}

const tinyFileSystem = async (): Promise<Disk> => {
  const dir = await temporaryFolder();
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', dir]);
  onTestFinished(() => {
    execFileSync('umount', ['-l', dir]);
  });
  const server = await serve({ dir, port: 0 });
  onTestFinished(() => server.close(0));
  const fill = async (bytes: number): Promise<void> => {
    await rm(join(dir, 'filler'), { force: true });
    await writeFile(join(dir, 'filler'), new Uint8Array(bytes)).catch(error => {
      if (error.code !== 'ENOSPC') throw error;
    });
  };
  return {
    dir,
    client: new Client(fetch, server.endpoint),
    setRoom: room => fill({ some: 3 * MEGABYTE, none: 4 * MEGABYTE, plenty: 0 }[room]),
  };
};

const limitedProcess = async (cli: BuiltCli): Promise<Disk> => {
  const dir = await temporaryFolder();
  let run: Awaited<ReturnType<typeof runServe>> | undefined;
  const disk: Disk = {
    dir,
    client: new Client(fetch),
    setRoom: async room => {
      run?.process.kill();
      await run?.ended;
      run = await runServe(cli, ['--dir', dir], { some: 2048, none: 0, plenty: undefined }[room]);
      disk.client = new Client(fetch, run.endpoint);
    },
  };
  return disk;
};

const canMount = (): boolean => {
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'ignore' });
    return process.getuid?.() === 0;
  } catch {
    return false;
  }
};

let cli: BuiltCli;
beforeAll(async () => {
  cli = await buildCli();
  return cli.remove;
});

const disks: Array<[string, () => Promise<Disk>]> = [
  ['a process whose files may not grow', () => limitedProcess(cli)],
  ...(canMount() ? [['a file system that is full', tinyFileSystem] as [string, () => Promise<Disk>]] : []),
];

describe.each(disks)('on %s', (_, newDisk) => {
  it('keeps what was stored, tells its true size, and goes on when there is room again', async () => {
    const disk = await newDisk();
    await disk.setRoom('some');
    const bytes = noise(2 * MEGABYTE);
    await disk.client.create();
    expect((await disk.client.patch(0, bytes.slice(0, 600_000))).status).toBe(204);
    const full = await disk.client.patch(600_000, bytes.slice(600_000));
    expect(full.status).toBe(507);
    expect(await errorCode(full)).toBe('storage-full');

    const { offset, length } = await disk.client.offset();
    const onDisk = await readFile(join(disk.dir, ID, '0001.mp4'));
    expect(onDisk.byteLength).toBe(offset);
    expect(length).toBeUndefined();
    expect(offset).toBeGreaterThan(600_000);
    expect(sha256(onDisk)).toBe(sha256(bytes.subarray(0, offset)));
    expect((await disk.client.patch(offset, bytes.slice(offset))).status).toBe(507);

    await disk.setRoom('plenty');
    const again = (await disk.client.offset()).offset;
    expect((await disk.client.patch(again, bytes.slice(again))).status).toBe(204);
    expect((await disk.client.finish(bytes.byteLength)).status).toBe(204);
    expect(sha256(await disk.client.bytes())).toBe(sha256(bytes));
  });

  it('breaks no manifest and no upload that is there, and begins nothing that it can not', async () => {
    const disk = await newDisk();
    await disk.setRoom('some');
    const bytes = noise(1000);
    await disk.client.create();
    await disk.client.patch(0, bytes);
    await disk.client.putManifest();

    await disk.setRoom('none');
    const changed = { ...manifest(ID), metadata: { text: 'x'.repeat(50_000) } };
    const put = await disk.client.putManifest(ID, changed);
    expect(put.status).toBe(507);
    expect(await errorCode(put)).toBe('storage-full');
    expect((await disk.client.create(OTHER_ID)).status).toBe(507);
    // The length is stored in a file, too.
    expect((await disk.client.finish(1000)).status).toBe(507);
    expect(await disk.client.offset()).toEqual({ offset: 1000, length: undefined });
    expect(await disk.client.bytes()).toEqual(bytes);
    expect(await disk.client.list()).toEqual([ID]);
    expect((await readdir(join(disk.dir, ID))).sort()).toEqual(['0001.mp4', 'manifest.json']);
    expect(await readdir(join(disk.dir, OTHER_ID))).toEqual([]);

    await disk.setRoom('plenty');
    expect((await disk.client.putManifest(ID, changed)).status).toBe(204);
    expect((await disk.client.create(OTHER_ID)).status).toBe(201);
    expect((await disk.client.tus('HEAD', filePath(OTHER_ID))).status).toBe(200);
    expect((await disk.client.finish(1000)).status).toBe(204);
    expect((await stat(join(disk.dir, ID, '0001.mp4'))).size).toBe(1000);
  });
});
