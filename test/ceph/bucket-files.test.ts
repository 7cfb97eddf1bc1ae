/** The files of `examples/bucket`, as `docs/deploying.md` names them: a store takes them, and a page can work with what they set. */
import { createHash, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { AwsClient } from 'aws4fetch';
import { describe, expect, inject, it } from 'vitest';
import { isWithoutCeph } from './kit.ts';

const read = (name: string): Promise<string> =>
  readFile(new URL(`../../examples/bucket/${name}`, import.meta.url), 'utf8');

/** The texts of all elements of a name. */
const texts = (xml: string, name: string): string[] =>
  [...xml.matchAll(new RegExp(`<${name}>(.*?)</${name}>`, 'g'))].map(match => match[1] ?? '');

describe('for AWS and for Ceph', () => {
  it('the CORS rules are the same', async () => {
    const xml = await read('cors.xml');
    const [rule] = JSON.parse(await read('cors.json')).CORSRules;
    expect(rule).toEqual({
      AllowedOrigins: texts(xml, 'AllowedOrigin'),
      AllowedMethods: texts(xml, 'AllowedMethod'),
      AllowedHeaders: texts(xml, 'AllowedHeader'),
      ExposeHeaders: texts(xml, 'ExposeHeader'),
      MaxAgeSeconds: Number(texts(xml, 'MaxAgeSeconds')[0]),
    });
  });

  it('the rules for abandoned uploads are the same', async () => {
    const xml = await read('lifecycle.xml');
    const [rule] = JSON.parse(await read('lifecycle.json')).Rules;
    expect(rule).toEqual({
      ID: texts(xml, 'ID')[0],
      Status: texts(xml, 'Status')[0],
      Filter: { Prefix: texts(xml, 'Prefix')[0] },
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: Number(texts(xml, 'DaysAfterInitiation')[0]) },
    });
  });
});

describe.skipIf(isWithoutCeph)('on a store', () => {
  it('the page may put parts and read ETags, a page of another origin may not', async () => {
    const ceph = inject('ceph');
    if (ceph === undefined) throw new Error('There is no Ceph.');
    const { accessKeyId, secretAccessKey, region, endpoint } = ceph;
    const client = new AwsClient({ accessKeyId, secretAccessKey, region, service: 's3', retries: 3 });
    const bucket = `${endpoint}/files-${randomUUID()}`;
    const put = async (query: string, body: string): Promise<void> => {
      const md5 = createHash('md5').update(body).digest('base64');
      const headers = { 'Content-MD5': md5, 'Content-Type': 'application/xml' };
      const response = await client.fetch(bucket + query, { method: 'PUT', ...(body && { headers, body }) });
      expect([query, response.status]).toEqual([query, 200]);
    };
    await put('', '');
    await put('?cors', await read('cors.xml'));
    await put('?lifecycle', await read('lifecycle.xml'));
    const preflight = (origin: string): Promise<Response> =>
      fetch(`${bucket}/recordings/x`, {
        method: 'OPTIONS',
        headers: {
          Origin: origin,
          'Access-Control-Request-Method': 'PUT',
          'Access-Control-Request-Headers': 'content-md5',
        },
      });
    const { status, headers } = await preflight('https://app.example.org');
    expect(status).toBe(200);
    expect(headers.get('access-control-allow-origin')).toBe('https://app.example.org');
    expect(headers.get('access-control-allow-headers')?.toLowerCase()).toContain('content-md5');
    const signed = await client.sign(`${bucket}/recordings/x`, {
      method: 'PUT',
      body: 'x',
      headers: { Origin: 'https://app.example.org' },
    });
    const answer = await fetch(signed);
    expect(answer.headers.get('access-control-expose-headers')).toContain('ETag');
    const foreign = await preflight('https://evil.example');
    expect([foreign.ok, foreign.headers.get('access-control-allow-origin')]).toEqual([false, null]);
    expect(await (await client.fetch(`${bucket}?lifecycle`)).text()).toContain('DaysAfterInitiation>7<');
  });
});
