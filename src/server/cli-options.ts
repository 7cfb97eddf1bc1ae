/** What the command line says. Pure. */
import { parseArgs } from 'node:util';
import { SteadyreelError } from '../errors.ts';
import { isOrigin } from './origin.ts';
import { WEBHOOK_EVENTS, type WebhookEventType } from './webhooks/events.ts';

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
  /** Where events are sent; the secret is none of the command line's, which others on the machine can read. */
  webhook?: WebhookCommand;
}

/** Options of the webhook. */
export interface WebhookCommand {
  url: string;
  /** File with the secret; without, it is in the environment. */
  secretFile?: string;
  events?: WebhookEventType[];
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
  --webhook <url>         send events to this address, signed with the secret in
                          STEADYREEL_WEBHOOK_SECRET: "whsec_" and 24 random bytes or more
                          in base64
  --webhook-secret-file <file>
                          read the secret from a file instead
  --webhook-events <list> send these only, parted by commas: recording.started,
                          recording.file, recording.completed, recording.failed,
                          recording.recovered, clip.completed

The script-tag build is served too: /steadyreel.iife.js, /worker.js, /tap.js,
/passthrough.js, /clip.js, /auto.js, /overlays.js, /thumbnails.js,
/extras.js, /recovery.js, /aac-encoder.js
`;

const SERVE_OPTIONS = {
  dir: { type: 'string' },
  port: { type: 'string' },
  host: { type: 'string' },
  static: { type: 'string' },
  'allow-origin': { type: 'string', multiple: true },
  'max-file-bytes': { type: 'string' },
  webhook: { type: 'string' },
  'webhook-secret-file': { type: 'string' },
  'webhook-events': { type: 'string' },
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

const webhookEvents = (text: string): WebhookEventType[] =>
  text.split(',').map(name => {
    const event = WEBHOOK_EVENTS.find(known => known === name.trim());
    if (event !== undefined) return event;
    throw new UsageError(
      `Option --webhook-events: expected some of ${WEBHOOK_EVENTS.join(', ')}, got "${name.trim()}".`,
    );
  });

const webhookOf = (values: ReturnType<typeof parse>['values']): { webhook?: WebhookCommand } => {
  const { webhook: url, 'webhook-secret-file': secretFile, 'webhook-events': events } = values;
  if (url === undefined) {
    const lost = ['webhook-secret-file', 'webhook-events'].find(name => Object.hasOwn(values, name));
    if (lost !== undefined) throw new UsageError(`Option --${lost}: expected --webhook with it.`);
    return {};
  }
  return {
    webhook: {
      url: notEmpty(url, 'webhook'),
      ...(secretFile === undefined ? {} : { secretFile: notEmpty(secretFile, 'webhook-secret-file') }),
      ...(events === undefined ? {} : { events: webhookEvents(events) }),
    },
  };
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
    ...webhookOf(values),
  };
};
