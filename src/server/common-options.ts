/** Options that all storage handlers have, their defaults, and the checks on them. No Node modules. */
import { OptionInvalidError, OptionUnknownError } from '../errors.ts';
import { type Authorize, checkBytes, checkMaxFileBytes } from './access.ts';
import { type AllowedOrigins, isLoopbackOrigin, isOrigin } from './origin.ts';
import {
  EVENT_OPTION_NAMES,
  type EventOptions,
  type ResolvedEventOptions,
  resolveEventOptions,
} from './webhooks/options.ts';

/** Options that all storage handlers have. */
export interface CommonHandlerOptions extends EventOptions {
  /** Path under which the handler answers. Default `/storage`. */
  path?: string;
  /** Default: everybody may do everything. */
  authorize?: Authorize;
  /** Bytes that one file may have. Default 64 GiB. */
  maxFileBytes?: number;
  /** Bytes that one manifest may have. Default 16 MiB. */
  maxManifestBytes?: number;
  /**
   * Origins whose pages may use the storage, besides pages of the same host. Requests of all others are
   * answered with 403. Default: pages of this machine (`localhost`, `127.0.0.1`, `[::1]`, any port).
   */
  allowedOrigins?: AllowedOrigins;
  /** Told of faults, which are answered with 500. Default: `console.error`. */
  onError?: (error: unknown, request: Request) => void;
}

/** The options with all defaults filled in. */
export interface ResolvedCommonOptions
  extends Required<Omit<CommonHandlerOptions, keyof EventOptions>>,
    ResolvedEventOptions {
  /** Base path without a slash at its end: empty for the root. */
  path: string;
}

const NAMES = [
  ...['path', 'authorize', 'maxFileBytes', 'maxManifestBytes', 'allowedOrigins', 'onError'],
  ...EVENT_OPTION_NAMES,
];

const DEFAULT_MAX_FILE_BYTES = 64 * 1024 ** 3;
const DEFAULT_MAX_MANIFEST_BYTES = 16 * 1024 ** 2;

const checkPath = (path: unknown): string => {
  const isPath = typeof path === 'string' && path !== '' && /^(?:\/[A-Za-z0-9._~-]+)*\/?$/.test(path);
  if (!isPath || /\/\.{1,2}(?:\/|$)/.test(path)) {
    throw new OptionInvalidError('path', 'a path that begins with /, such as /storage', path);
  }
  return path.replace(/\/$/, '');
};

const checkOrigins = (allowed: unknown): AllowedOrigins => {
  if (allowed === '*' || typeof allowed === 'function') return allowed as AllowedOrigins;
  const wrong = Array.isArray(allowed) ? allowed.find(o => typeof o !== 'string' || !isOrigin(o)) : allowed;
  if (wrong === undefined) return allowed as string[];
  throw new OptionInvalidError(
    'allowedOrigins',
    '"*", a function, or origins such as https://example.org with no slash at the end',
    wrong,
  );
};

/**
 * Checks options and fills in defaults. `own` names the options that only this handler has.
 *
 * @throws OptionUnknownError (`option-unknown`), OptionInvalidError (`option-invalid`).
 */
export const resolveCommonOptions = (
  options: CommonHandlerOptions,
  own: readonly string[],
): ResolvedCommonOptions => {
  const known = [...own, ...NAMES];
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) throw new OptionUnknownError(name, known);
  }
  for (const name of ['authorize', 'onError'] as const) {
    const hook = options[name];
    if (hook !== undefined && typeof hook !== 'function') {
      throw new OptionInvalidError(name, 'a function', hook);
    }
  }
  return {
    path: checkPath(options.path ?? '/storage'),
    authorize: options.authorize ?? (() => true),
    maxFileBytes: checkMaxFileBytes(options.maxFileBytes, DEFAULT_MAX_FILE_BYTES),
    maxManifestBytes: checkBytes(options.maxManifestBytes ?? DEFAULT_MAX_MANIFEST_BYTES, 'maxManifestBytes'),
    allowedOrigins: checkOrigins(options.allowedOrigins ?? isLoopbackOrigin),
    onError: options.onError ?? (error => console.error('steadyreel:', error)),
    ...resolveEventOptions(options),
  };
};
