#!/usr/bin/env node
/** The command line. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OptionInvalidError } from './errors.ts';
import { type Command, HELP, parseCommand, UsageError } from './server/cli-options.ts';
import { banner, startServer } from './server/cli-serve.ts';

/** The folder of this file: the package's built files lie beside it. */
const DIST = dirname(fileURLToPath(import.meta.url));

/** Seconds that running requests get when the server is stopped. */
const GRACE_SECONDS = 5;

const packageVersion = (): string => {
  const text = readFileSync(join(DIST, '..', 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
};

const run = async (command: Command): Promise<void> => {
  if (command.kind === 'help') {
    process.stdout.write(HELP);
    return;
  }
  if (command.kind === 'version') {
    process.stdout.write(`${packageVersion()}\n`);
    return;
  }
  const server = await startServer(command, DIST);
  // Once each: a second Ctrl+C ends the process at once.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      void server.close(GRACE_SECONDS).then(() => process.exit(0));
    });
  }
  process.stdout.write(banner(server, command));
};

const fail = (thrown: unknown): void => {
  const isUsage = thrown instanceof UsageError || thrown instanceof OptionInvalidError;
  process.stderr.write(`steadyreel: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  if (thrown instanceof UsageError) process.stderr.write('Try: steadyreel --help\n');
  process.exitCode = isUsage ? 2 : 1;
};

try {
  await run(parseCommand(process.argv.slice(2)));
} catch (thrown) {
  fail(thrown);
}
