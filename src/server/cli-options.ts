/** What the command line says. Pure. */
import { parseArgs } from 'node:util';
import { SteadyreelError } from '../errors.ts';
import { isOrigin } from './origin.ts';

/** `usage`: the command line can't be understood. */
export class UsageError extends SteadyreelError {
  readonly code = 'usage';
}

/** `steadyreel serve`. */
export interface ServeCommand {
  kind: 'serve';
  dir: string;
  port: number;
  host: string;
  static?: string;
  /** Origins that may use the storage, besides those of this machine. */
  allowedOrigins: string[];
  maxFileBytes?: number;
}

/** What is to be done. */
export type Command = { kind: 'help' } | { kind: 'version' } | ServeCommand;

/** The text of `--help`. */
export const HELP = `steadyreel: record a live MediaStream into MP4 files

Usage:
  steadyreel serve [options]   take uploads of recorders, and play and list what is stored
  steadyreel --help
  steadyreel --version

Options of serve:
  --dir <folder>          where recordings are stored       (default ./recordings)
  --port <number>         TCP port, 0 takes a free one      (default 8080)
  --host <address>        address to listen on              (default 127.0.0.1)
                          The default is reached from this machine only, because everybody
                          who reaches the server can upload, play and delete: it asks for no
                          password. Use "steadyreel/server" in your own server to add one.
  --static <folder>       also serve a built site
  --allow-origin <origin> let pages of another origin use the storage, such as
                          https://example.org; can be given several times
  --max-file-bytes <n>    largest file that is taken        (default 64 GiB)

The script-tag build is served too: /steadyreel.iife.js, /worker.js, /tap.js,
/passthrough.js, /aac-encoder.js
`;

const SERVE_OPTIONS = {
  dir: { type: 'string' },
  port: { type: 'string' },
  host: { type: 'string' },
  static: { type: 'string' },
  'allow-origin': { type: 'string', multiple: true },
  'max-file-bytes': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const;

/** `parseArgs`, with messages that fit a command line. */
const parse = (args: readonly string[]) => {
  try {
    return parseArgs({ args: [...args], options: SERVE_OPTIONS, allowPositionals: true, strict: true });
  } catch (thrown) {
    const [message = 'The options can not be understood'] = String((thrown as Error).message).split(/\.\s/);
    throw new UsageError(`${message.replace(/\.$/, '')}.`);
  }
};

const wholeNumber = (text: string, option: string, from: number, to: number): number => {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= from && value <= to) return value;
  throw new UsageError(`Option --${option}: expected a whole number from ${from} to ${to}, got "${text}".`);
};

const notEmpty = (text: string, option: string): string => {
  if (text === '') throw new UsageError(`Option --${option}: expected a value, got an empty one.`);
  return text;
};

const origin = (text: string): string => {
  if (isOrigin(text)) return text;
  throw new UsageError(
    `Option --allow-origin: expected an origin such as https://example.org, with no path, got "${text}".`,
  );
};

/**
 * Reads the command line: `args` without the names of node and of the program.
 *
 * @throws UsageError (`usage`) for an unknown command or option, or a value that can't be used.
 */
export const parseCommand = (args: readonly string[]): Command => {
  const { values, positionals } = parse(args);
  if (values.help) return { kind: 'help' };
  if (values.version) return { kind: 'version' };
  const [command, ...rest] = positionals;
  if (command === undefined) throw new UsageError('Expected a command, such as "serve".');
  if (command !== 'serve') throw new UsageError(`Unknown command "${command}". Known: serve.`);
  if (rest.length > 0) throw new UsageError(`Unexpected argument "${rest[0]}".`);
  const maxFileBytes = values['max-file-bytes'];
  return {
    kind: 'serve',
    dir: notEmpty(values.dir ?? './recordings', 'dir'),
    port: wholeNumber(values.port ?? '8080', 'port', 0, 65535),
    host: notEmpty(values.host ?? '127.0.0.1', 'host'),
    ...(values.static === undefined ? {} : { static: notEmpty(values.static, 'static') }),
    allowedOrigins: (values['allow-origin'] ?? []).map(origin),
    ...(maxFileBytes === undefined
      ? {}
      : { maxFileBytes: wholeNumber(maxFileBytes, 'max-file-bytes', 1, Number.MAX_SAFE_INTEGER) }),
  };
};
