import { mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Command, HELP, parseCommand, UsageError } from '../../src/server/cli-options.ts';
import { serve } from '../../src/server/index.ts';
import { type BuiltCli, buildCli, runCli, runServe } from './cli-kit.ts';
import { Client, filePath, ID, noise, temporaryFolder, until } from './server-kit.ts';

describe('the command line', () => {
  const DEFAULTS: Command = {
    kind: 'serve',
    dir: './recordings',
    port: 8080,
    host: '127.0.0.1',
    allowedOrigins: [],
  };

  it.each<[string[], Command]>([
    [['serve'], DEFAULTS],
    [['serve', '--port', '0', '--dir', 'x'], { ...DEFAULTS, port: 0, dir: 'x' }],
    [['--port=9000', 'serve', '--host', '::'], { ...DEFAULTS, port: 9000, host: '::' }],
    [['serve', '--static', 'site'], { ...DEFAULTS, static: 'site' }],
    [['serve', '--max-file-bytes', '1000000'], { ...DEFAULTS, maxFileBytes: 1_000_000 }],
    [
      ['serve', '--allow-origin', 'https://a.example', '--allow-origin=http://b.example:81'],
      { ...DEFAULTS, allowedOrigins: ['https://a.example', 'http://b.example:81'] },
    ],
    [['serve', '--webhook', 'https://a.example/'], { ...DEFAULTS, webhook: { url: 'https://a.example/' } }],
    [
      [
        'serve',
        '--webhook',
        'u',
        '--webhook-secret-file',
        'f',
        '--webhook-events',
        'clip.completed, recording.file',
      ],
      { ...DEFAULTS, webhook: { url: 'u', secretFile: 'f', events: ['clip.completed', 'recording.file'] } },
    ],
    [['--help'], { kind: 'help' }],
    [['serve', '-h'], { kind: 'help' }],
    [['--version'], { kind: 'version' }],
  ])('understands %j', (args, command) => {
    expect(parseCommand(args)).toEqual(command);
  });

  it.each([
    [[], 'Expected a command, such as "serve".'],
    [['record'], 'Unknown command "record". Known: serve.'],
    [['serve', 'now'], 'Unexpected argument "now".'],
    [['serve', '--prot', '1'], "Unknown option '--prot'."],
    [['serve', '--port'], "Option '--port <value>' argument missing."],
    [['serve', '--port', '65536'], 'Option --port: expected a whole number from 0 to 65535, got "65536".'],
    [['serve', '--port', '1e3'], 'Option --port: expected a whole number from 0 to 65535, got "1e3".'],
    [['serve', '--port='], 'Option --port: expected a whole number from 0 to 65535, got "".'],
    [['serve', '--max-file-bytes', '0'], 'Option --max-file-bytes: expected a whole number from 1 to'],
    [['serve', '--webhook-events', 'clip.completed'], 'Option --webhook-events: expected --webhook with it.'],
    [['serve', '--webhook', 'u', '--webhook-events', 'stop'], 'Option --webhook-events: expected some of'],
    [['serve', '--dir='], 'Option --dir: expected a value, got an empty one.'],
    [['serve', '--allow-origin', 'https://a.example/'], 'Option --allow-origin: expected an origin such as'],
    [['serve', '--allow-origin', '*'], 'Option --allow-origin: expected an origin such as'],
  ])('refuses %j', (args, message) => {
    expect(() => parseCommand(args)).toThrow(UsageError);
    expect(() => parseCommand(args)).toThrow(message);
  });

  it('names every option in its help', () => {
    for (const name of [
      'dir',
      'port',
      'host',
      'static',
      'allow-origin',
      'max-file-bytes',
      'webhook',
      'version',
    ]) {
      expect(HELP).toContain(`--${name}`);
    }
  });
});

describe('the program', () => {
  let cli: BuiltCli;
  beforeAll(async () => {
    cli = await buildCli('9.8.7');
    return cli.remove;
  });

  it('prints its help and its version', async () => {
    const help = runCli(cli, ['--help']);
    expect(await help.ended).toBe(0);
    expect(help.out()).toBe(HELP);
    const version = runCli(cli, ['--version']);
    expect(await version.ended).toBe(0);
    expect(version.out()).toBe('9.8.7\n');
    expect(await readFile(cli.path, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  it('ends with 2 when it is not understood, and 1 when it can not serve', async () => {
    const unknown = runCli(cli, ['serve', '--prot', '1']);
    expect(await unknown.ended).toBe(2);
    expect(unknown.err()).toBe("steadyreel: Unknown option '--prot'.\nTry: steadyreel --help\n");
    const noSite = runCli(cli, ['serve', '--dir', await temporaryFolder(), '--static', '/no/such/folder']);
    expect(await noSite.ended).toBe(2);
    expect(noSite.err()).toContain('/no/such/folder');
    const other = await serve({ dir: await temporaryFolder(), port: 0 });
    onTestFinished(() => other.close(0));
    const inUse = runCli(cli, ['serve', '--dir', await temporaryFolder(), '--port', String(other.port)]);
    expect(await inUse.ended).toBe(1);
    expect(inUse.err()).toBe(
      `steadyreel: Cannot listen on 127.0.0.1, port ${other.port}: the port is in use. Stop the other program, or choose another port.\n`,
    );
  });

  it('serves, and ends in order when it is told to', async () => {
    const dir = join(await temporaryFolder(), 'new', 'recordings');
    const run = await runServe(cli, ['--dir', dir, '--allow-origin', 'https://app.example']);
    expect(run.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
    expect(run.out()).toContain(`storage:    ${run.endpoint}\n`);
    expect(run.out()).toContain(`recordings: ${dir}\n`);
    const client = new Client(fetch, run.endpoint);
    await client.upload(noise(1000));
    const statusFor = async (origin: string): Promise<number> =>
      (await client.send('GET', '/recordings', { headers: { Origin: origin } })).status;
    expect(await statusFor('https://app.example')).toBe(200);
    expect(await statusFor('http://localhost:5173')).toBe(200);
    expect(await statusFor('https://evil.example')).toBe(403);

    await client.create(ID, '0002.mp4');
    const upload = request(run.endpoint + filePath(ID, '0002.mp4'), {
      method: 'PATCH',
      headers: {
        'Tus-Resumable': '1.0.0',
        'Content-Type': 'application/offset+octet-stream',
        'Upload-Offset': '0',
        'Content-Length': '10',
      },
    });
    const answered = new Promise<number | undefined>((resolve, reject) => {
      upload.on('response', response => resolve(response.resume().statusCode)).on('error', reject);
    });
    upload.write(noise(5));
    await until(async () => (await stat(join(dir, ID, '0002.mp4'))).size === 5, 'the first bytes');
    run.process.kill('SIGTERM');
    await until(
      () =>
        fetch(run.url).then(
          () => false,
          () => true,
        ),
      'the server to take no more requests',
    );
    upload.end(noise(5));
    expect(await answered).toBe(204);
    expect(await run.ended).toBe(0);
    expect((await stat(join(dir, ID, '0002.mp4'))).size).toBe(10);
    expect(run.err()).toBe('');
  });

  it('ends at once on Ctrl+C when nothing runs, though connections are kept alive', async () => {
    const run = await runServe(cli, ['--dir', await temporaryFolder()]);
    expect(await (await fetch(run.url)).text()).toContain('/storage');
    run.process.kill('SIGINT');
    expect(await run.ended).toBe(0);
  });

  it('serves the script-tag build from beside itself, for pages anywhere', async () => {
    await writeFile(join(cli.dist, 'steadyreel.iife.js'), 'var Steadyreel = 1');
    await writeFile(join(cli.dist, 'worker.js'), 'onmessage = null');
    const run = await runServe(cli, ['--dir', await temporaryFolder()]);
    const script = await fetch(`${run.url}steadyreel.iife.js`);
    expect(await script.text()).toBe('var Steadyreel = 1');
    expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(script.headers.get('access-control-allow-origin')).toBe('*');
    expect(await (await fetch(`${run.url}worker.js`)).text()).toBe('onmessage = null');
    expect((await fetch(`${run.url}worker.js`, { method: 'POST' })).status).toBe(405);
    expect((await fetch(`${run.url}cli.js`)).status).toBe(404);
    expect((await fetch(`${run.url}aac-encoder.js`)).status).toBe(404);
  });

  it('serves a built site, and nothing around it', async () => {
    const top = await temporaryFolder();
    const site = join(top, 'site');
    await mkdir(join(site, 'sub folder'), { recursive: true });
    await mkdir(join(site, 'empty'));
    await writeFile(join(top, 'secret.txt'), 'secret');
    await writeFile(join(site, 'index.html'), '<h1>start</h1>');
    await writeFile(join(site, '.env'), 'secret');
    await writeFile(join(site, 'sub folder', 'index.html'), 'sub');
    await writeFile(join(site, 'app.wasm'), 'x'.repeat(100));
    await symlink(join(top, 'secret.txt'), join(site, 'link.txt'));
    await symlink(top, join(site, 'up'));
    const run = await runServe(cli, ['--dir', join(top, 'recordings'), '--static', site]);
    const get = (path: string, init: RequestInit = {}) =>
      fetch(run.url + path, { redirect: 'manual', ...init });

    const start = await get('');
    expect(start.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(start.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await start.text()).toBe('<h1>start</h1>');
    const etag = start.headers.get('etag') ?? '';
    expect((await get('', { headers: { 'If-None-Match': etag } })).status).toBe(304);
    expect((await get('app.wasm')).headers.get('content-type')).toBe('application/wasm');
    const range = await get('app.wasm', { headers: { Range: 'bytes=90-' } });
    expect(range.status).toBe(206);
    expect(await range.text()).toBe('x'.repeat(10));
    expect(await (await get('sub%20folder/')).text()).toBe('sub');
    expect((await get('sub%20folder?a=1')).headers.get('location')).toBe('/sub%20folder/?a=1');
    // Not to another host.
    expect((await get('/sub%20folder')).headers.get('location')).toBe('/sub%20folder/');
    expect((await get('', { method: 'POST' })).status).toBe(405);
    for (const path of [
      'empty/',
      '.env',
      'link.txt',
      'up/secret.txt',
      '..%2fsecret.txt',
      '%2e%2e/secret.txt',
      '..%5csecret.txt',
      'index.html%00',
      '%ff',
      'C:%5csecret.txt',
      'index.html/x',
      'x'.repeat(5000),
      'nowhere',
    ]) {
      const response = await get(path);
      expect(response.status, path).toBe(404);
      expect(await response.text()).not.toContain('secret.txt');
    }
    expect(await new Client(fetch, run.endpoint).list()).toEqual([]);
  });
});
