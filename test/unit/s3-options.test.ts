import { describe, expect, it } from 'vitest';
import { choosePackages } from '../../scripts/ceph/fetch.mjs';
import { OptionInvalidError, OptionUnknownError } from '../../src/errors.ts';
import { createS3Handler, type S3HandlerOptions } from '../../src/server/s3/index.ts';
import { resolveS3Options } from '../../src/server/s3/options.ts';
import { chooseS3Operation, matchS3Route } from '../../src/server/s3/route.ts';
import { elements, textOf } from '../../src/server/s3/xml.ts';

const ID = '0a1b2c3d-0000-4000-8000-000000000001';
const options: S3HandlerOptions = {
  endpoint: 'https://s3.example/',
  bucket: 'films',
  credentials: { accessKeyId: 'id', secretAccessKey: 'a secret' },
};

describe('options', () => {
  it('have defaults', () => {
    expect(resolveS3Options(options)).toMatchObject({
      endpoint: 'https://s3.example',
      publicEndpoint: 'https://s3.example',
      region: 'us-east-1',
      path: '/storage',
      expiresIn: 900,
      maxFileBytes: 64 * 1024 ** 3,
      maxManifestBytes: 16 * 1024 ** 2,
    });
  });

  it.each([
    ['endpoint', 's3.example'],
    ['endpoint', 'ftp://s3.example'],
    ['endpoint', 'https://user:pass@s3.example'],
    ['endpoint', 'https://s3.example/?x'],
    ['publicEndpoint', ''],
    ['bucket', ''],
    ['bucket', 'a/b'],
    ['bucket', '../x'],
    ['region', 'a b'],
    ['credentials', undefined],
    ['credentials', { accessKeyId: 'id' }],
    ['credentials', { accessKeyId: 'id', secretAccessKey: '' }],
    ['credentials', { accessKeyId: 'id', secretAccessKey: 'a secret', sessionToken: 1 }],
    ['expiresIn', 0],
    ['expiresIn', 604_801],
    ['expiresIn', 1.5],
    ['path', 'storage'],
    ['maxFileBytes', 0],
    ['allowedOrigins', ['https://a.example/']],
    ['authorize', true],
  ])('refuse %s: %j', (name, value) => {
    const make = () => createS3Handler({ ...options, [name]: value } as S3HandlerOptions);
    expect(make).toThrow(OptionInvalidError);
    expect(make).toThrow(`"${name}"`);
    expect(make).not.toThrow(/a secret/);
  });

  it('are known by their names', () => {
    expect(() => createS3Handler({ ...options, dir: '/srv' } as S3HandlerOptions)).toThrow(
      OptionUnknownError,
    );
  });
});

describe('addresses', () => {
  const file = `/storage/recordings/${ID}/0001.mp4`;
  it.each([
    ['/storage/recordings', 'GET', 'list'],
    [`/storage/recordings/${ID}`, 'DELETE', 'delete-recording'],
    [`/storage/recordings/${ID}/manifest.json`, 'PUT', 'put-manifest'],
    [file, 'GET', 'read-file'],
    [file, 'HEAD', 'head-file'],
    [file, 'DELETE', 'delete-file'],
    [`${file}/upload`, 'POST', 'create-upload'],
    [`${file}/upload`, 'DELETE', 'abort-upload'],
    [`${file}/parts`, 'POST', 'sign-parts'],
    [`${file}/parts`, 'GET', 'list-parts'],
    [`${file}/complete`, 'POST', 'complete-upload'],
  ])('%s takes %s: %s', (pathname, method, name) => {
    const route = matchS3Route(pathname, '/storage');
    expect(route && chooseS3Operation(route, method)?.name).toBe(name);
  });

  it.each([
    '/storage',
    '/storage/',
    '/storage/upload',
    `/storage/recordings/${ID}/upload`,
    `/storage/recordings/${ID}/manifest.json/upload`,
    `${file}/upload/parts`,
    `${file}/upload/`,
    `${file}//upload`,
    `${file}/Upload`,
    `/other${file}/upload`,
  ])('%s is none', pathname => {
    expect(matchS3Route(pathname, '/storage')).toBeUndefined();
  });

  it('take no method that is a name of JavaScript', () => {
    const route = matchS3Route(file, '/storage');
    expect(route && chooseS3Operation(route, 'constructor')).toBeUndefined();
  });
});

it('reads the XML of stores', () => {
  const xml = `<?xml version="1.0"?><R xmlns="http://s3"><Upload a="b"><Key>a&amp;b&#x2F;&#99;&lt;&nope;</Key>
    <UploadId>1</UploadId></Upload><Upload><Key></Key></Upload><Prefix/></R>`;
  const uploads = elements(xml, 'Upload');
  expect(uploads.map(upload => textOf(upload, 'Key'))).toEqual(['a&b/c<&nope;', undefined]);
  expect(textOf(uploads[0] ?? '', 'UploadId')).toBe('1');
  expect(textOf(xml, 'Prefix')).toBeUndefined();
  expect(textOf('<Key>&#x110000;</Key>', 'Key')).toBe('&#x110000;');
});

describe('the packages of Ceph', () => {
  const pinned = { 'ceph-mon': '16', radosgw: '16', libold: '1' };

  it('are the pinned ones where the mirror has them, else the current ones, which is said', () => {
    const available = new Map([
      ['ceph-mon', new Set(['17', '16'])],
      ['radosgw', new Set(['17'])],
      ['libssl3', new Set(['3'])],
    ]);
    expect(choosePackages(pinned, ['libssl3', 'libnone'], available)).toEqual({
      chosen: ['ceph-mon=16', 'radosgw', 'libssl3'],
      notes: ['radosgw 16 is no longer to be had; 17 is taken', 'libold is not to be had here'],
    });
  });
});
