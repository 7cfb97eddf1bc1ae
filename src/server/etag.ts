/** Entity tags. Pure. */

/** True when an `If-None-Match` header names this ETag (RFC 9110, section 13.1.2). */
export const matchesEtag = (header: string | null, etag: string): boolean =>
  (header ?? '').split(',').some(tag => [etag, `W/${etag}`, '*'].includes(tag.trim()));
