/** A receiver of webhooks that is a server of its own: it can be away, hang, refuse, and come back on the same port. */
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished } from 'vitest';
import type { Recording } from '../../src/manifest.ts';
import { fileKey } from '../../src/manifest.ts';
import type { WebhookEvent, WebhookOptions } from '../../src/server/index.ts';
import { type Client, filePath, ID, manifest, sha256 } from './server-kit.ts';

/** 24 bytes. */
export const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
export const OTHER_SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

/** What came with a request. */
export interface Received {
  event: WebhookEvent;
  headers: IncomingMessage['headers'];
  body: string;
}

/** What a receiver does about an event. */
export type Behave = (outgoing: ServerResponse, received: Received) => void;

/** The signature, made without the code that is tested (Standard Webhooks, "Signature scheme"). */
export const signatureOf = (
  secret: string,
  { headers, body }: Pick<Received, 'headers' | 'body'>,
): string => {
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const content = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  return `v1,${createHmac('sha256', key).update(content).digest('base64')}`;
};

export const answer =
  (status: number, headers: Record<string, string> = {}): Behave =>
  outgoing => {
    outgoing.writeHead(status, headers).end('nobody reads this');
  };

/** Never answers. */
export const hang: Behave = () => undefined;
/** The connection breaks after the event has come. */
export const breakOff: Behave = outgoing => {
  outgoing.socket?.destroy();
};

const textOf = async (incoming: IncomingMessage): Promise<string> => {
  let text = '';
  for await (const piece of incoming.setEncoding('utf8')) text += piece;
  return text;
};

export class TestReceiver {
  /** All requests, in order, whatever was answered. */
  readonly received: Received[] = [];
  /** Those that were answered with 200. */
  readonly taken: Received[] = [];
  behave: Behave = answer(200);
  #server: Server | undefined;
  #port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.#port}/hooks/secret-path`;
  }

  get port(): number {
    return this.#port;
  }

  /** Listens, on the port that it had before. */
  async start(): Promise<void> {
    const server = createServer((incoming, outgoing) => void this.#take(incoming, outgoing));
    this.#server = server;
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#port = (server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  }

  async #take(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await textOf(incoming);
    const received = { event: JSON.parse(body) as WebhookEvent, headers: incoming.headers, body };
    this.received.push(received);
    this.behave(outgoing, received);
    if (outgoing.statusCode === 200 && outgoing.writableEnded) this.taken.push(received);
  }

  /** Types of what was taken, each event once, in the order in which they came first. */
  types(recordingId = ID): string[] {
    const own = this.taken.filter(({ event }) => event.data.recordingId === recordingId);
    return [...new Map(own.map(({ event }) => [event.id, event.type])).values()];
  }
}

/** A receiver that listens, until the test is over. */
export const newReceiver = async (): Promise<TestReceiver> => {
  const receiver = new TestReceiver();
  await receiver.start();
  onTestFinished(() => receiver.stop());
  return receiver;
};

/** A webhook that does not wait for long. */
export const hasty = (receiver: TestReceiver, options: Partial<WebhookOptions> = {}): WebhookOptions => ({
  ...{ url: receiver.url, secret: SECRET, timeout: 10, firstDelay: 0.02, longestDelay: 0.1 },
  ...options,
});

/** Every request is signed, named after its event, and says the same whenever it comes. */
export const checkRequests = (receiver: TestReceiver, secret = SECRET): void => {
  const bodies = new Map<string, string>();
  for (const { event, headers, body } of receiver.received) {
    expect(headers['webhook-signature']).toBe(signatureOf(secret, { headers, body }));
    expect(headers['webhook-id']).toBe(event.id);
    expect(headers['content-type']).toBe('application/json');
    expect(Math.abs(Date.now() / 1000 - Number(headers['webhook-timestamp']))).toBeLessThan(60);
    expect(body).toBe(bodies.get(event.id) ?? body);
    bodies.set(event.id, body);
  }
};

/** A manifest of a recording with this many files, the last `open` of which are not finished. */
export const manifestOf = (
  state: Recording['state'],
  files: number,
  { id = ID, open = 0, ...rest }: Partial<Recording> & { open?: number } = {},
): Recording => ({
  ...manifest(id),
  state,
  duration: files,
  files: Array.from({ length: files }, (_, n) => ({
    ...{ key: fileKey(id, n + 1), index: n + 1, reason: n === 0 ? 'start' : 'video-size' },
    ...{ startTime: n, duration: n < files - open ? 1 : 0, bytes: 1000 },
    ...(n < files - open ? { sha256: sha256(new Uint8Array([n])) } : {}),
  })) as Recording['files'],
  ...rest,
});

/** Sends what a recorder sends for a recording of one file, from its beginning to its end. */
export const record = async (client: Client, id = ID): Promise<void> => {
  const statuses = [(await client.putManifest(id, manifestOf('recording', 0, { id }))).status];
  statuses.push((await client.putManifest(id, manifestOf('recording', 1, { id, open: 1 }))).status);
  await client.upload(new Uint8Array(1000), id);
  statuses.push((await client.putManifest(id, manifestOf('recording', 1, { id }))).status);
  statuses.push((await client.putManifest(id, manifestOf('complete', 1, { id }))).status);
  expect(statuses).toEqual([204, 204, 204, 204]);
  expect((await client.tus('HEAD', filePath(id))).status).toBe(200);
};
