/** Byte ranges (RFC 9110, section 14). Pure. */

/** Both ends belong to the range. */
export interface ByteRange {
  start: number;
  end: number;
}

/**
 * What a `Range` header asks for of `size` bytes. Several ranges, other units and nonsense may be ignored
 * (RFC 9110, section 14.2), and are: the whole is sent.
 */
export const parseRange = (header: string | null, size: number): ByteRange | 'whole' | 'unsatisfiable' => {
  const match = /^bytes=\s*(\d*)-(\d*)\s*$/i.exec(header ?? '');
  const [, first = '', last = ''] = match ?? [];
  if (first === '' && last === '') return 'whole';
  if (first === '') {
    const length = Number(last);
    return length === 0 || size === 0
      ? 'unsatisfiable'
      : { start: Math.max(0, size - length), end: size - 1 };
  }
  const start = Number(first);
  if (last !== '' && Number(last) < start) return 'whole';
  if (start >= size) return 'unsatisfiable';
  return { start, end: last === '' ? size - 1 : Math.min(Number(last), size - 1) };
};
