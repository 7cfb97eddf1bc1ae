import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { Agent, createServer, type IncomingHttpHeaders, type RequestOptions, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ListenError, type ServeOptions, serve, toNodeListener } from '../../src/server/index.ts';
import {
  Client,
  errorCode,
  filePath,
  ID,
  metadataHeader,
  newStorage,
  noise,
  sha256,
  temporaryFolder,
  until,
} from './server-kit.ts';

const start = async (options: Partial<ServeOptions> = {}) => {
  const dir = options.dir ?? (await temporaryFolder());
  const server = await serve({ port: 0, ...options, dir });
  onTestFinished(() => server.close(0));
  return { dir, server, client: new Client(fetch, server.endpoint) };
};

/** A server around any handler. */
const listen = async (handler: (request: Request) => Promise<Response>): Promise<number> => {
  const server = createServer(toNodeListener(handler)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
};

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** One request by node:http, which sets headers that `fetch` does not let through. */
const send = async (url: string, options: RequestOptions = {}, body?: Uint8Array): Promise<Answer> => {
  const outgoing = request(url, options);
  outgoing.end(body);
  const [incoming] = await once(outgoing, 'response');
  const pieces: Uint8Array[] = [];
  for await (const piece of incoming) pieces.push(piece);
  const text = Buffer.concat(pieces).toString();
  return { status: incoming.statusCode, headers: incoming.headers, body: text };
};

/** What comes back for bytes written to the socket as they are. */
const sendRaw = async (port: number, text: string): Promise<string> => {
  const socket = connect(port, '127.0.0.1');
  socket.write(text);
  let answer = '';
  for await (const piece of socket) answer += piece;
  return answer;
};

const patchHeaders = (offset: number): Record<string, string> => ({
  'Tus-Resumable': '1.0.0',
  'Content-Type': 'application/offset+octet-stream',
  'Upload-Offset': String(offset),
});

describe('the server', () => {
  it('stores what is uploaded over HTTP and sends it back, whole and in ranges', async () => {
    const { client, server, dir } = await start();
    expect(server.url).toBe(`http://127.0.0.1:${server.port}/`);
    expect(server.endpoint).toBe(`http://127.0.0.1:${server.port}/storage`);
    const bytes = noise(3_000_000);
    const created = await client.create();
    expect(created.headers.get('location')).toBe(`/storage${filePath()}`);
    for (const [from, to] of [
      [0, 1_000_000],
      [1_000_000, 1_000_001],
      [1_000_001, 3_000_000],
    ] as const) {
      expect((await client.patch(from, bytes.slice(from, to))).status).toBe(204);
    }
    expect((await client.finish(3_000_000)).status).toBe(204);
    expect((await client.putManifest()).status).toBe(204);
    expect(sha256(await client.bytes())).toBe(sha256(bytes));
    const range = await client.send('GET', filePath(), { headers: { Range: 'bytes=2000000-2999999' } });
    expect(range.status).toBe(206);
    expect(sha256(new Uint8Array(await range.arrayBuffer()))).toBe(sha256(bytes.subarray(2_000_000)));
    expect(await client.list()).toEqual([ID]);
    const head = await client.send('HEAD', filePath());
    expect(head.headers.get('content-length')).toBe('3000000');
    expect((await client.send('DELETE', `/recordings/${ID}`)).status).toBe(204);
    await expect(stat(join(dir, ID))).rejects.toThrow('ENOENT');
  });

  it('keeps what arrived of an upload whose client vanishes, and goes on from there', async () => {
    const { client, server, dir } = await start();
    const bytes = noise(1_000_000);
    await client.create();
    const upload = request(server.endpoint + filePath(), {
      method: 'PATCH',
      headers: { ...patchHeaders(0), 'Content-Length': '1000000' },
    });
    upload.on('error', () => undefined);
    upload.write(bytes.subarray(0, 300_000));
    const size = async (): Promise<number> => (await stat(join(dir, ID, '0001.mp4'))).size;
    await until(async () => (await size()) === 300_000, 'the bytes to be on disk');
    upload.destroy();
    expect(await client.offset()).toEqual({ offset: 300_000, length: undefined });
    expect((await client.patch(300_000, bytes.slice(300_000))).status).toBe(204);
    await client.finish(1_000_000);
    expect(sha256(await client.bytes())).toBe(sha256(bytes));
  });

  it('tells the true offset when the client vanishes in full flight', async () => {
    const { client, server, dir } = await start();
    const bytes = noise(8_000_000);
    await client.create();
    const upload = request(server.endpoint + filePath(), { method: 'PATCH', headers: patchHeaders(0) });
    upload.on('error', () => undefined);
    upload.write(bytes);
    await until(async () => (await stat(join(dir, ID, '0001.mp4'))).size > 0, 'the first bytes');
    upload.destroy();
    const { offset } = await client.offset();
    expect((await stat(join(dir, ID, '0001.mp4'))).size).toBe(offset);
    expect((await client.patch(offset, bytes.slice(offset))).status).toBe(204);
    await client.finish(8_000_000);
    expect(sha256(await client.bytes())).toBe(sha256(bytes));
  });

  it.each([
    ['too large', { maxFileBytes: 1000 }, 413, 'too-large'],
    ['not allowed', { authorize: () => false }, 401, 'unauthorized'],
  ] as const)(
    'gets its answer through while a body is still sent that is %s',
    async (_, options, status, code) => {
      const { server } = await start(options);
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      onTestFinished(() => agent.destroy());
      const url = server.endpoint + filePath();
      const headers = { ...patchHeaders(0), 'Content-Length': '20000000' };
      if (status === 413) {
        const metadata = { 'Upload-Metadata': metadataHeader(ID, '0001.mp4'), 'Upload-Defer-Length': '1' };
        await send(server.endpoint, { method: 'POST', headers: { 'Tus-Resumable': '1.0.0', ...metadata } });
      }
      const refused = await send(url, { method: 'PATCH', headers, agent }, noise(20_000_000));
      expect(refused.status).toBe(status);
      expect(JSON.parse(refused.body).error.code).toBe(code);
      // The connection is still of use.
      const next = await send(url, { method: 'OPTIONS', agent });
      expect(next.status).toBe(204);
    },
  );

  it('answers a name that is not its own with 403, so that no page can rebind one to it', async () => {
    const { server } = await start({ allowedOrigins: ['https://recorder.example'] });
    const statusOf = async (host: string): Promise<number> =>
      (await send(`${server.endpoint}/recordings`, { headers: { Host: host } })).status;
    expect(await statusOf(`evil.example:${server.port}`)).toBe(403);
    expect(await statusOf('evil.example')).toBe(403);
    for (const host of [
      'localhost',
      `127.0.0.1:${server.port}`,
      '[::1]',
      '192.168.1.5',
      'recorder.example',
    ]) {
      expect(await statusOf(host), host).toBe(200);
    }
    const open = await start({ host: '0.0.0.0' });
    const url = `http://127.0.0.1:${open.server.port}/storage/recordings`;
    expect((await send(url, { headers: { Host: 'my-laptop.local' } })).status).toBe(200);
  });

  it('understands addresses of every form, and none as another host', async () => {
    const { server, client } = await start({
      fallback: async incoming => new Response(`fallback ${new URL(incoming.url).pathname}`),
    });
    await client.upload(noise(5));
    const raw = (target: string, method = 'GET', host = 'localhost') =>
      sendRaw(server.port, `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    expect(await raw('/storage/recordings')).toMatch(/^HTTP\/1.1 200 /);
    expect(await raw('http://elsewhere.example/storage/recordings')).toMatch(/^HTTP\/1.1 200 /);
    expect(await raw('//elsewhere.example/storage/recordings')).toContain('fallback //elsewhere.example');
    expect(await raw('/storage/../../etc/passwd')).toContain('fallback /etc/passwd');
    expect(await raw(`/storage/recordings/..%2f..%2fetc/passwd`)).toMatch(/^HTTP\/1.1 404 /);
    expect(await raw('*', 'OPTIONS')).toContain('fallback /');
    expect(await raw('/storage', 'TRACE')).toMatch(/^HTTP\/1.1 400 /);
    for (const host of ['a/b', 'a?b', 'user@localhost', 'a b', '[::1', 'localhost:99999']) {
      expect(await raw('/storage/recordings', 'GET', host), host).toMatch(/^HTTP\/1.1 400 /);
    }
    expect(await client.bytes()).toHaveLength(5);
  });

  it('says which port is in use', async () => {
    const { server } = await start();
    const second = serve({ dir: await temporaryFolder(), port: server.port });
    await expect(second).rejects.toThrow(ListenError);
    await expect(second).rejects.toThrow(`port ${server.port}: the port is in use`);
    await expect(serve({ dir: await temporaryFolder(), port: -1 })).rejects.toThrow('"port"');
  });

  it('lets running requests finish when it is closed, and takes no new ones', async () => {
    const { client, server, dir } = await start();
    await client.create();
    const upload = request(server.endpoint + filePath(), {
      method: 'PATCH',
      headers: { ...patchHeaders(0), 'Content-Length': '10' },
      agent: new Agent({ keepAlive: true }),
    });
    upload.write(noise(5));
    await until(async () => (await stat(join(dir, ID, '0001.mp4'))).size === 5, 'the first bytes');
    const closed = server.close();
    expect(server.close()).toBe(closed);
    await expect(client.send('GET', '/recordings')).rejects.toThrow();
    upload.end(noise(5));
    const [response] = await once(upload, 'response');
    expect(response.statusCode).toBe(204);
    await closed;
    expect((await stat(join(dir, ID, '0001.mp4'))).size).toBe(10);
  });

  it('does not wait longer than told for one that hangs', async () => {
    const { client, server, dir } = await start();
    await client.create();
    const upload = request(server.endpoint + filePath(), { method: 'PATCH', headers: patchHeaders(0) });
    const failed = once(upload, 'error');
    upload.write(noise(5));
    await until(async () => (await stat(join(dir, ID, '0001.mp4'))).size === 5, 'the first bytes');
    await server.close(0.05);
    await failed;
  });
});

describe('the way between node:http and the handler', () => {
  it('holds an uploader back while its bytes are not wanted', async () => {
    let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
    const port = await listen(async incoming => {
      reader = incoming.body?.getReader();
      await reader?.read();
      return new Promise(() => undefined);
    });
    const upload = connect(port, '127.0.0.1');
    onTestFinished(() => {
      upload.destroy();
    });
    upload.write('PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n');
    const piece = noise(1_000_000);
    const pour = (): void => {
      while (upload.write(piece));
    };
    upload.on('drain', pour);
    pour();
    await until(() => reader !== undefined, 'the request');
    let sent = -1;
    let quiet = 0;
    await until(() => {
      const now = upload.bytesWritten - upload.writableLength;
      quiet = now === sent ? quiet + 1 : 0;
      sent = now;
      return quiet === 20;
    }, 'the uploader to be held back');
    expect(sent).toBeLessThan(50_000_000);
  });

  it('reads a body no faster than the client takes it, and ends it when the client goes', async () => {
    let pulled = 0;
    let cancelled = false;
    let signal: AbortSignal | undefined;
    const port = await listen(async incoming => {
      signal = incoming.signal;
      const endless = new ReadableStream<Uint8Array>({
        pull: controller => controller.enqueue(noise(100_000 + 0 * pulled++)),
        cancel: () => {
          cancelled = true;
        },
      });
      return new Response(endless);
    });
    const download = request({ port, host: '127.0.0.1' }).end();
    download.on('error', () => undefined);
    const [incoming] = await once(download, 'response');
    incoming.on('error', () => undefined);
    let before = -1;
    let quiet = 0;
    await until(() => {
      quiet = pulled === before ? quiet + 1 : 0;
      before = pulled;
      return quiet === 20;
    }, 'the body to be held back');
    expect(signal?.aborted).toBe(false);
    download.destroy();
    await until(() => cancelled, 'the body to be cancelled');
    await until(() => signal?.aborted === true, 'the signal');
  });

  it('cancels the body of an answer to a client that is gone', async () => {
    let cancelled = false;
    let answer = (_: Response): void => undefined;
    let signal: AbortSignal | undefined;
    const port = await listen(incoming => {
      signal = incoming.signal;
      return new Promise(resolve => {
        answer = resolve;
      });
    });
    const download = request({ port, host: '127.0.0.1' }).end();
    download.on('error', () => undefined);
    await until(() => signal !== undefined, 'the request');
    download.destroy();
    await until(() => signal?.aborted === true, 'the signal');
    const body = new ReadableStream({
      cancel: () => {
        cancelled = true;
      },
    });
    answer(new Response(body));
    await until(() => cancelled, 'the body to be cancelled');
  });

  it('tells the handler of a body that breaks off', async () => {
    let outcome = '';
    const port = await listen(async incoming => {
      outcome = await incoming.text().then(
        () => 'whole',
        () => 'broken',
      );
      return new Response();
    });
    const upload = connect(port, '127.0.0.1');
    upload.write('PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nonly this');
    upload.end();
    await until(() => outcome !== '', 'the handler to end');
    expect(outcome).toBe('broken');
    upload.destroy();
  });

  it('passes headers and cookies on', async () => {
    const port = await listen(async incoming => {
      const headers = new Headers({ 'X-Got': incoming.headers.get('x-sent') ?? '' });
      headers.append('Set-Cookie', 'a=1; Path=/');
      headers.append('Set-Cookie', 'b=2');
      return new Response(`${incoming.method} ${await incoming.text()}`, { status: 203, headers });
    });
    const headers = { 'X-Sent': ['1', '2'] };
    const answer = await send(`http://127.0.0.1:${port}/`, { method: 'POST', headers }, Buffer.from('body'));
    expect(answer).toMatchObject({ status: 203, body: 'POST body' });
    expect(answer.headers['x-got']).toBe('1, 2');
    expect(answer.headers['set-cookie']).toEqual(['a=1; Path=/', 'b=2']);
  });

  it('works where Connect or Express cut the path that it is mounted at', async () => {
    const { handler } = await newStorage();
    const listener = toNodeListener(handler);
    const server = createServer((incoming, outgoing) => {
      const originalUrl = incoming.url ?? '';
      listener(Object.assign(incoming, { originalUrl, url: originalUrl.replace('/storage', '') }), outgoing);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
    const port = (server.address() as AddressInfo).port;
    const client = new Client(fetch, `http://127.0.0.1:${port}/storage`);
    await client.upload(noise(100));
    expect((await client.bytes()).byteLength).toBe(100);
    expect(await errorCode(await client.send('GET', '/recordings/x'))).toBe('not-found');
  });
});
