/** Headers that the page wants to be sent to its storage: fixed, or fresh before each request. */
import { OptionInvalidError } from '../errors.ts';
import type { HeadersOption } from './storage.ts';

const EXPECTED =
  'a plain object of header names and their values, which are strings, or a function that gives one';

/** Headers may hold credentials, and so their values are in no error. */
const checkFixed = (headers: unknown, option: string): Record<string, string> => {
  const prototype = typeof headers === 'object' && headers !== null && Object.getPrototypeOf(headers);
  // An object of another frame has another Object.prototype, whose own prototype is null all the same.
  const plain = prototype === null || (prototype && Object.getPrototypeOf(prototype) === null);
  if (!plain || Array.isArray(headers))
    throw new OptionInvalidError(option, EXPECTED, headers === null ? null : typeof headers);
  const checked: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers as Record<string, unknown>)) {
    if (typeof value !== 'string')
      throw new OptionInvalidError(option, EXPECTED, `${typeof value} as the value of ${name}`);
    try {
      new Headers([[name, value]]);
    } catch {
      throw new OptionInvalidError(option, EXPECTED, `characters in ${name} that no header may have`);
    }
    checked[name] = value;
  }
  return checked;
};

/** What a storage knows of them: `fixed` is `'asked'` when they are fresh each time. */
export interface RequestHeaders {
  fixed: Record<string, string> | 'asked';
  /** Those of the next request. @throws OptionInvalidError (`option-invalid`), and what the page's function throws. */
  next(): Promise<Record<string, string>>;
}

/** @throws OptionInvalidError (`option-invalid`). */
export const requestHeaders = (headers: HeadersOption | undefined, option: string): RequestHeaders => {
  if (typeof headers === 'function')
    return { fixed: 'asked', next: async () => checkFixed(await headers(), option) };
  const fixed = headers === undefined ? {} : checkFixed(headers, option);
  return { fixed, next: async () => fixed };
};
