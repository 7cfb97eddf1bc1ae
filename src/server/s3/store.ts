/** The operations of S3 that recordings need, on one bucket, for one request. No Node modules. */
import { InternalError } from '../../errors.ts';
import { HttpError } from '../errors.ts';
import type { S3Answer, S3Call, S3Client } from './client.ts';
import { StoreRefusedError } from './errors.ts';
import { quoteEtag, type StoredPart } from './parts.ts';
import { completeBody, elements, textOf } from './xml.ts';

/** What the store says of a finished file. */
export interface StoredObject {
  /** Bytes. */
  size: number;
  /** In quotes. */
  etag: string;
  /** True when the ETag is no MD5, because the store encrypts by keys of a key service or of the client. */
  isEncrypted: boolean;
  lastModified: string | null;
}

/** An upload that was begun and not ended. */
export interface OpenUpload {
  key: string;
  uploadId: string;
}

/** The store joins the parts in this time; others are done in less. */
const COMPLETE_TIMEOUT = 60_000;

const decode = ({ bytes }: S3Answer): string => new TextDecoder().decode(bytes);
const isRefusal = (thrown: unknown, ...reasons: (string | number)[]): boolean =>
  thrown instanceof StoreRefusedError && (reasons.includes(thrown.reason) || reasons.includes(thrown.status));
/** True when the store says that it has no such upload. Ceph calls that a missing key. */
export const isNoUpload = (thrown: unknown): boolean => isRefusal(thrown, 'NoSuchUpload', 'NoSuchKey');
/** True when the store did not join the parts because they are not what it has. */
export const isWrongParts = (thrown: unknown): boolean =>
  isRefusal(thrown, 'InvalidPart', 'InvalidPartOrder');
/** True when the store did not join the parts because one is too small. */
export const isTooSmall = (thrown: unknown): boolean => isRefusal(thrown, 'EntityTooSmall');

/** `undefined` when what was asked for is not there. A bucket that is not there is a fault. */
const orNothing = async <T>(promise: Promise<T>): Promise<T | undefined> => {
  try {
    return await promise;
  } catch (thrown) {
    if (isRefusal(thrown, 'NoSuchKey') || (isRefusal(thrown, 404) && isRefusal(thrown, ''))) return undefined;
    throw thrown;
  }
};

/** One bucket, for as long as a request lasts. */
export class S3Store {
  constructor(
    private readonly client: S3Client,
    private readonly signal: AbortSignal,
  ) {}

  private send(operation: string, method: string, rest: Omit<S3Call, 'operation' | 'method' | 'signal'>) {
    return this.client.send({ operation, method, signal: this.signal, ...rest });
  }

  /** Resolves to the id of the new upload. */
  async createUpload(key: string, contentType: string): Promise<string> {
    const headers = { 'Content-Type': contentType };
    const answer = await this.send('CreateMultipartUpload', 'POST', { key, query: { uploads: '' }, headers });
    const uploadId = textOf(decode(answer), 'UploadId');
    if (uploadId === undefined)
      throw new InternalError('CreateMultipartUpload was answered without an UploadId');
    return uploadId;
  }

  /** All parts of an upload in order; `undefined` when there is no such upload. */
  async listParts(key: string, uploadId: string): Promise<StoredPart[] | undefined> {
    const parts: StoredPart[] = [];
    for (let marker = 0; ; ) {
      const query = { uploadId, 'max-parts': '1000', 'part-number-marker': String(marker) };
      let xml: string;
      try {
        xml = decode(await this.send('ListParts', 'GET', { key, query }));
      } catch (thrown) {
        if (isNoUpload(thrown)) return undefined;
        throw thrown;
      }
      for (const part of elements(xml, 'Part')) {
        const etag = quoteEtag(textOf(part, 'ETag')) ?? '""';
        parts.push({ number: Number(textOf(part, 'PartNumber')), size: Number(textOf(part, 'Size')), etag });
      }
      const next = Number(textOf(xml, 'NextPartNumberMarker') ?? 0);
      if (textOf(xml, 'IsTruncated') !== 'true' || next <= marker) return parts;
      marker = next;
    }
  }

  /** Whether there is such an upload, however many parts it has. */
  async hasUpload(key: string, uploadId: string): Promise<boolean> {
    try {
      await this.send('ListParts', 'GET', { key, query: { uploadId, 'max-parts': '1' } });
      return true;
    } catch (thrown) {
      if (isNoUpload(thrown)) return false;
      throw thrown;
    }
  }

  /** Joins the parts into the file and resolves to its ETag, in quotes. */
  async completeUpload(key: string, uploadId: string, parts: readonly { number: number; etag: string }[]) {
    const body = new TextEncoder().encode(completeBody(parts));
    const headers = { 'Content-Type': 'application/xml' };
    const rest = { key, query: { uploadId }, headers, body, timeout: COMPLETE_TIMEOUT };
    const answer = await this.send('CompleteMultipartUpload', 'POST', rest);
    return quoteEtag(textOf(decode(answer), 'ETag'));
  }

  /** Ends an upload and throws its parts away. Does nothing when there is none. */
  async abortUpload({ key, uploadId }: OpenUpload): Promise<void> {
    try {
      await this.send('AbortMultipartUpload', 'DELETE', { key, query: { uploadId } });
    } catch (thrown) {
      if (!isNoUpload(thrown)) throw thrown;
    }
  }

  /** What the store says of a file; `undefined` when there is none. */
  async head(key: string): Promise<StoredObject | undefined> {
    const answer = await orNothing(this.send('HeadObject', 'HEAD', { key }));
    if (answer === undefined) return undefined;
    const { headers } = answer;
    const encryption = headers.get('x-amz-server-side-encryption') ?? '';
    return {
      size: Number(headers.get('content-length')),
      etag: quoteEtag(headers.get('etag')) ?? '""',
      isEncrypted:
        encryption.startsWith('aws:kms') || headers.has('x-amz-server-side-encryption-customer-algorithm'),
      lastModified: headers.get('last-modified'),
    };
  }

  /** A small object; `undefined` when there is none, or it has more than `maxBytes`. */
  async get(key: string, maxBytes: number): Promise<S3Answer | undefined> {
    try {
      return await orNothing(this.send('GetObject', 'GET', { key, maxBytes }));
    } catch (thrown) {
      if (thrown instanceof HttpError && thrown.status === 413) return undefined;
      throw thrown;
    }
  }

  /** Stores a small object in one step. */
  async put(key: string, body: Uint8Array<ArrayBuffer>, contentType: string): Promise<void> {
    await this.send('PutObject', 'PUT', { key, body, headers: { 'Content-Type': contentType } });
  }

  /** Does nothing when there is no such object. */
  async delete(key: string): Promise<void> {
    await orNothing(this.send('DeleteObject', 'DELETE', { key }));
  }

  /** Names of what lies directly below a folder, which ends with a slash. */
  async list(folder: string): Promise<{ folders: string[]; files: string[] }> {
    const folders: string[] = [];
    const files: string[] = [];
    for (let token: string | undefined, isFirst = true; isFirst || token !== undefined; isFirst = false) {
      const more = token === undefined ? {} : { 'continuation-token': token };
      const query = { 'list-type': '2', prefix: folder, delimiter: '/', ...more };
      const xml = decode(await this.send('ListObjectsV2', 'GET', { query }));
      const names = (outer: string, inner: string): string[] =>
        elements(xml, outer).map(item => (textOf(item, inner) ?? '').slice(folder.length));
      folders.push(...names('CommonPrefixes', 'Prefix').map(name => name.replace(/\/$/, '')));
      files.push(...names('Contents', 'Key'));
      token = textOf(xml, 'IsTruncated') === 'true' ? textOf(xml, 'NextContinuationToken') : undefined;
    }
    return { folders, files };
  }

  /** Up to `limit` (at most 1,000) names of objects in a folder, which ends with a slash, after the one that is given. */
  async names(folder: string, after: string, limit: number): Promise<string[]> {
    const start = after === '' ? {} : { 'start-after': folder + after };
    const query = { 'list-type': '2', prefix: folder, delimiter: '/', 'max-keys': String(limit), ...start };
    const xml = decode(await this.send('ListObjectsV2', 'GET', { query }));
    return elements(xml, 'Contents').map(item => (textOf(item, 'Key') ?? '').slice(folder.length));
  }

  /** Uploads below a folder that were begun and not ended. */
  async listUploads(folder: string): Promise<OpenUpload[]> {
    const uploads: OpenUpload[] = [];
    for (let marker: Record<string, string> = {}; ; ) {
      const query = { uploads: '', prefix: folder, ...marker };
      const xml = decode(await this.send('ListMultipartUploads', 'GET', { query }));
      for (const upload of elements(xml, 'Upload')) {
        uploads.push({ key: textOf(upload, 'Key') ?? '', uploadId: textOf(upload, 'UploadId') ?? '' });
      }
      const next = textOf(xml, 'NextKeyMarker');
      if (textOf(xml, 'IsTruncated') !== 'true' || next === undefined) return uploads;
      marker = { 'key-marker': next, 'upload-id-marker': textOf(xml, 'NextUploadIdMarker') ?? '' };
    }
  }
}
