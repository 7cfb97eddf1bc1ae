import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OptionInvalidError, OptionUnknownError } from '../../src/errors.ts';
import { createStorageHandler, type StorageHandlerOptions } from '../../src/server/index.ts';
import {
  Client,
  errorCode,
  filePath,
  ID,
  manifest,
  metadataHeader,
  newStorage,
  noise,
  ORIGIN,
  OTHER_ID,
  temporaryFolder,
} from './server-kit.ts';

describe('ways out of the folder', () => {
  it.each([
    `/recordings/${ID}/../../secret.mp4`,
    `/recordings/${ID}/..%2f..%2fsecret.mp4`,
    `/recordings/${ID}%2f0001.mp4`,
    `/recordings/%2e%2e/secret.mp4`,
    `/recordings/..%5c..%5csecret.mp4`,
    `/recordings/${ID}/0001.mp4%00.txt`,
    `/recordings/${ID}/0001.mp4%0a`,
    `/recordings/${ID}//0001.mp4`,
    `/recordings//etc/passwd`,
    `/recordings/${ID.toUpperCase()}/0001.mp4`,
    `/recordings/.uploads/${ID}/0001.mp4.json`,
    `/.uploads/${ID}/0001.mp4.json`,
    `/recordings/${ID}/0001.mp4.json`,
    `/recordings/${ID}/1.mp4`,
    `/recordings/${ID}/`,
    '/recordings/..',
    '/../secret.mp4',
    '/%2e%2e/secret.mp4',
    '/files/0001.mp4',
  ])('finds nothing at %s', async path => {
    const { dir, client } = await newStorage({ dir: join(await temporaryFolder(), 'recordings') });
    await client.upload(noise(5));
    await writeFile(join(dir, '..', 'secret.mp4'), 'secret');
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'POST']) {
      const isRead = method === 'GET' || method === 'HEAD';
      const body = isRead ? {} : { body: 'x' };
      const response = await client.send(method, path, { headers: { 'Tus-Resumable': '1.0.0' }, ...body });
      // `/recordings/..` is the base itself by the rules of URLs.
      expect(response.status, method).toBe(path === '/recordings/..' ? expectedAtBase(method) : 404);
    }
    expect((await client.bytes()).byteLength).toBe(5);
    expect(await readFile(join(dir, '..', 'secret.mp4'), 'utf8')).toBe('secret');
  });

  const expectedAtBase = (method: string): number => (method === 'POST' ? 400 : 405);

  it('follows no link, neither of a file nor of a folder', async () => {
    const outside = await temporaryFolder();
    await writeFile(join(outside, '0001.mp4'), 'secret');
    await writeFile(join(outside, 'manifest.json'), JSON.stringify(manifest(OTHER_ID)));
    const { client, dir } = await newStorage();
    await mkdir(join(dir, ID));
    await symlink(join(outside, '0001.mp4'), join(dir, ID, '0001.mp4'));
    await symlink(join(outside, 'new.mp4'), join(dir, ID, '0002.mp4'));
    await symlink(join(outside, 'manifest.json'), join(dir, ID, 'manifest.json'));
    await symlink(outside, join(dir, OTHER_ID));
    for (const path of [filePath(), filePath(OTHER_ID), `/recordings/${OTHER_ID}/manifest.json`]) {
      expect((await client.send('GET', path)).status, path).toBe(404);
      expect((await client.tus('HEAD', path)).status, path).toBe(404);
    }
    expect((await client.patch(6, noise(5))).status).toBe(404);
    expect((await client.patch(6, noise(5), {}, filePath(OTHER_ID))).status).toBe(404);
    expect((await client.create(ID, '0002.mp4')).status).toBe(409);
    expect((await client.create(OTHER_ID, '0003.mp4')).status).toBe(404);
    expect((await client.putManifest(OTHER_ID)).status).toBe(404);
    expect((await client.send('DELETE', `/recordings/${OTHER_ID}`)).status).toBe(404);
    expect(await client.list()).toEqual([]);
    // Replaces the link, not what it points to.
    expect((await client.putManifest(ID)).status).toBe(204);
    expect((await client.send('DELETE', `/recordings/${ID}`)).status).toBe(204);
    expect((await readdir(outside)).sort()).toEqual(['0001.mp4', 'manifest.json']);
    expect(await readFile(join(outside, '0001.mp4'), 'utf8')).toBe('secret');
    expect(await readFile(join(outside, 'manifest.json'), 'utf8')).toBe(JSON.stringify(manifest(OTHER_ID)));
  });

  it('follows no link in a prefix', async () => {
    const outside = await temporaryFolder();
    const { client, dir } = await newStorage({ authorize: () => ({ prefix: 'user' }) });
    await symlink(outside, join(dir, 'user'));
    expect((await client.create()).status).toBe(404);
    expect((await client.putManifest()).status).toBe(404);
    expect((await client.send('GET', '/recordings')).status).toBe(404);
    expect(await readdir(outside)).toEqual([]);
  });

  it('serves a folder that is itself reached by a link', async () => {
    const real = await temporaryFolder();
    const link = join(await temporaryFolder(), 'link');
    await symlink(real, link);
    const { client } = await newStorage({ dir: link });
    await client.upload(noise(10));
    expect(await readdir(join(real, ID))).toEqual(['0001.mp4']);
  });
});

describe('addresses and methods', () => {
  it.each([
    ['GET', '', 'POST, OPTIONS'],
    ['POST', '/recordings', 'GET, HEAD, OPTIONS'],
    ['GET', `/recordings/${ID}`, 'DELETE, OPTIONS'],
    ['POST', filePath(), 'GET, HEAD, PATCH, DELETE, OPTIONS'],
    ['PATCH', `/recordings/${ID}/manifest.json`, 'GET, HEAD, PUT, OPTIONS'],
    ['toString', '', 'POST, OPTIONS'],
  ])('answers %s %s with what is possible', async (method, path, allow) => {
    const { client } = await newStorage();
    const response = await client.send(method, path);
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe(allow);
    expect(await errorCode(response)).toBe('method-not-allowed');
  });

  it.each([
    ['/', ''],
    ['/api/recorder/', '/api/recorder'],
  ])('answers under the path %s', async (path, base) => {
    const { handler } = await newStorage({ path });
    const client = new Client(handler, ORIGIN + base);
    const created = await client.tus('POST', base === '' ? '/' : '', {
      'Upload-Metadata': metadataHeader(ID, '0001.mp4'),
      'Upload-Defer-Length': '1',
    });
    expect(created.headers.get('location')).toBe(base + filePath());
    expect((await client.patch(0, noise(10))).status).toBe(204);
    expect((await client.bytes()).byteLength).toBe(10);
    expect(await client.list()).toEqual([]);
  });

  it('finds nothing beside its path', async () => {
    const { handler } = await newStorage();
    for (const path of ['/', '/storages/recordings', '/recordings', '/x/storage/recordings']) {
      expect((await handler(new Request(ORIGIN + path))).status, path).toBe(404);
    }
  });
});

describe('options', () => {
  it.each([
    ['maxFileBytes', 0],
    ['maxFileBytes', 1.5],
    ['maxManifestBytes', '1'],
    ['path', 'storage'],
    ['path', '/a/../b'],
    ['path', '/a b'],
    ['allowedOrigins', ['https://app.example/']],
    ['allowedOrigins', 'https://app.example'],
    ['authorize', true],
    ['dir', ''],
    ['dir', undefined],
    ['dir', '/dev/null/recordings'],
  ])('refuses %s: %j', async (name, value) => {
    const dir = await temporaryFolder();
    const options = { dir, [name]: value } as StorageHandlerOptions;
    expect(() => createStorageHandler(options)).toThrow(OptionInvalidError);
    expect(() => createStorageHandler(options)).toThrow(`"${name}"`);
  });

  it('refuses names that it does not know', async () => {
    const options = { dir: await temporaryFolder(), directory: '.' } as StorageHandlerOptions;
    expect(() => createStorageHandler(options)).toThrow(OptionUnknownError);
  });
});
