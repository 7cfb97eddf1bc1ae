/** A bucket as a page needs it: with CORS for uploads of parts and for reads. */
import { createHash } from 'node:crypto';
import { AwsClient } from 'aws4fetch';

/** The page reads `ETag` of each part that it has put. */
const CORS = `<CORSConfiguration>
  <CORSRule>
    <AllowedOrigin>*</AllowedOrigin>
    <AllowedMethod>GET</AllowedMethod>
    <AllowedMethod>HEAD</AllowedMethod>
    <AllowedMethod>PUT</AllowedMethod>
    <AllowedHeader>*</AllowedHeader>
    <ExposeHeader>ETag</ExposeHeader>
    <ExposeHeader>Content-Range</ExposeHeader>
    <ExposeHeader>Accept-Ranges</ExposeHeader>
    <MaxAgeSeconds>3000</MaxAgeSeconds>
  </CORSRule>
</CORSConfiguration>`;

/** Ends uploads that nobody went on with. */
const LIFECYCLE = `<LifecycleConfiguration>
  <Rule>
    <ID>abandoned-uploads</ID>
    <Filter><Prefix></Prefix></Filter>
    <Status>Enabled</Status>
    <AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload>
  </Rule>
</LifecycleConfiguration>`;

/** @param {string} text */
const md5 = text => createHash('md5').update(text).digest('base64');

/**
 * Makes the bucket and sets its rules.
 *
 * @param {{ endpoint: string, region: string, bucket: string, accessKeyId: string, secretAccessKey: string }} options
 */
export const makeBucket = async ({ endpoint, region, bucket, ...keys }) => {
  const client = new AwsClient({ ...keys, region, service: 's3', retries: 3 });
  const requests = [
    { query: '', body: '' },
    { query: '?cors', body: CORS },
    { query: '?lifecycle', body: LIFECYCLE },
  ];
  for (const { query, body } of requests) {
    const headers = body === '' ? {} : { 'Content-MD5': md5(body), 'Content-Type': 'application/xml' };
    const response = await client.fetch(`${endpoint}/${bucket}${query}`, { method: 'PUT', headers, body });
    const answer = await response.text();
    if (!response.ok) throw new Error(`The bucket could not be made (${response.status}): ${answer}`);
  }
};
