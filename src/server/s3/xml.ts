/**
 * The XML that S3 speaks: flat elements with text, nothing that needs a parser, which neither Node nor the edge has.
 * Pure.
 */

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

const unescapeText = (text: string): string =>
  text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(\w{2,4}));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return ENTITIES[name] ?? whole;
    const point = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
  });

/** The insides of all elements of a name that does not nest in itself. */
export const elements = (xml: string, name: string): string[] =>
  [...xml.matchAll(new RegExp(`<${name}(?:\\s[^>]*)?>([^]*?)</${name}>`, 'g'))].map(match => match[1] ?? '');

/** The text of the first element of a name; `undefined` when there is none, or it is empty. */
export const textOf = (xml: string, name: string): string | undefined => {
  const inner = elements(xml, name)[0];
  return inner === undefined || inner === '' ? undefined : unescapeText(inner);
};

/** The body of CompleteMultipartUpload. Numbers and checked ETags need no escaping. */
export const completeBody = (parts: readonly { number: number; etag: string }[]): string => {
  const items = parts.map(
    ({ number, etag }) => `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag></Part>`,
  );
  return `<CompleteMultipartUpload>${items.join('')}</CompleteMultipartUpload>`;
};
