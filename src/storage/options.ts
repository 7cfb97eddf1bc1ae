/** What options of several storages have in common. */
import { OptionInvalidError, OptionUnknownError } from '../errors.ts';

/** @throws OptionUnknownError (`option-unknown`). */
export const checkNames = (options: object | undefined, names: readonly string[]): void => {
  for (const name of Object.keys(options ?? {})) {
    if (!names.includes(name)) throw new OptionUnknownError(name, names);
  }
};

/** A number within bounds, or what it is when it is not given. @throws OptionInvalidError (`option-invalid`). */
export const numberOption = (
  value: number | undefined,
  name: string,
  { from, to, unit, fallback }: { from: number; to: number; unit: string; fallback: number },
): number => {
  if (value === undefined) return fallback;
  if (typeof value === 'number' && value >= from && value <= to) return value;
  throw new OptionInvalidError(name, `a number of ${unit} from ${from} to ${to}`, value);
};

/**
 * The absolute address of a storage handler, without a slash at its end.
 *
 * @throws OptionInvalidError (`option-invalid`).
 */
export const endpointOption = (endpoint: string | URL | undefined, name: string): string => {
  if (!endpoint) throw new OptionInvalidError(name, 'the address of the storage handler', endpoint);
  try {
    const base = typeof document === 'undefined' ? globalThis.location?.href : document.baseURI;
    const url = new URL(endpoint, base);
    if (url.protocol === 'http:' || url.protocol === 'https:') return url.href.replace(/\/+$/, '');
  } catch {
    // Falls through to the error that says what was expected.
  }
  throw new OptionInvalidError(
    name,
    'an http(s) address, absolute or relative to the page',
    String(endpoint),
  );
};
