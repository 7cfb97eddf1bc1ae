/** The relay that loses packets, between two sockets. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { CandidateError, LossyPath, type PathOptions } from '../support/lossy-path.ts';

const closing: { close(): unknown }[] = [];
afterEach(() => {
  for (const each of closing.splice(0)) each.close();
});

const candidateOf = (port: number): string =>
  `candidate:1 1 udp 2122260223 127.0.0.1 ${port} typ host generation 0`;

/** One end, and what has come to it: the second byte of each packet, and where it came from. */
class End {
  readonly got: number[] = [];
  readonly from = new Set<number>();
  relayPort = 0;

  private constructor(readonly socket: Socket) {
    socket.on('message', (bytes, { port }) => {
      this.got.push(bytes[1] ?? 0);
      this.from.add(port);
    });
    closing.push(socket);
  }

  static async open(path: LossyPath): Promise<End> {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const end = new End(socket);
    const rewritten = await path.rewrite(candidateOf(socket.address().port));
    end.relayPort = Number(rewritten?.split(' ')[5]);
    return end;
  }

  send(first: number, second: number, to: End): void {
    this.socket.send(Buffer.from([first, second]), to.relayPort, '127.0.0.1');
  }
}

const opened = async (options: PathOptions): Promise<{ path: LossyPath; a: End; b: End }> => {
  const path = LossyPath.open(options);
  closing.push(path);
  return { path, a: await End.open(path), b: await End.open(path) };
};

const [STUN, DTLS, RTP] = [0, 22, 128];

/** Sends a hundred packets of each kind, and gives what has come, in order. */
const exchange = async ({ path, a, b }: Awaited<ReturnType<typeof opened>>): Promise<number[]> => {
  const { passed, lost } = path;
  for (let i = 0; i < 100; i++) {
    for (const first of [STUN, DTLS, RTP]) a.send(first, i, b);
    // A socket that is not read in the meantime holds two hundred packets, and loses what comes then.
    const sent = 3 * (i + 1);
    if (i % 10 === 9)
      await expect.poll(() => passed.stun + passed.dtls + passed.rtp + lost.rtp, { interval: 1 }).toBe(sent);
  }
  await expect.poll(() => b.got.length).toBe(200 + passed.rtp);
  return b.got;
};

test('handshakes always get through, media by chance, and the same for the same seed', async () => {
  const first = await opened({ loss: 0.3, seed: 5 });
  const got = await exchange(first);
  expect(first.path.passed).toMatchObject({ stun: 100, dtls: 100 });
  expect(first.path.lost.rtp).toBeGreaterThan(15);
  expect(first.path.lost.rtp).toBeLessThan(50);
  expect(await exchange(await opened({ loss: 0.3, seed: 5 }))).toEqual(got);
  expect(await exchange(await opened({ loss: 0.3, seed: 6 }))).not.toEqual(got);
});

test('each side knows the other by the port that it was given, and no other', async () => {
  const { path, a, b } = await opened({});
  a.send(RTP, 1, b);
  b.send(RTP, 2, a);
  await expect.poll(() => [a.got, b.got]).toEqual([[2], [1]]);
  expect([...a.from]).toEqual([b.relayPort]);
  expect([...b.from]).toEqual([a.relayPort]);
  expect(path.ports).toEqual([a.relayPort, b.relayPort]);
});

test('holds packets, and lets some come late', async () => {
  const { path, a, b } = await opened({ delay: 20, reorder: 0.2, lateness: 60 });
  const got = await exchange({ path, a, b });
  expect(got.slice().sort((x, y) => x - y)).not.toEqual(got);
});

test('what is to be lost can be said', async () => {
  const { path, a, b } = await opened({ drop: ({ bytes }) => bytes[1] === 1, loss: 0 });
  for (const which of [0, 1, 2]) a.send(RTP, which, b);
  await expect.poll(() => b.got).toEqual([0, 2]);
  expect(path.lost.rtp).toBe(1);
});

test('candidates that it has no way for are not passed on', async () => {
  const { path, a } = await opened({});
  const { port } = a.socket.address();
  expect(await path.rewrite('')).toBeUndefined();
  expect(await path.rewrite(`candidate:1 1 tcp 1 127.0.0.1 9 typ host tcptype active`)).toBeUndefined();
  expect(await path.rewrite(`candidate:1 1 udp 1 ::1 ${port} typ host`)).toBeUndefined();
  await expect(path.rewrite('candidate:1 1 udp 1 aaaa.local 5000 typ host')).rejects.toThrow(CandidateError);
  const sdp = ['v=0', `a=${candidateOf(port)}`, 'a=candidate:1 1 udp 1 ::1 5 typ host', 'a=mid:0', ''];
  const rewritten = (await path.rewriteDescription(sdp.join('\r\n'))).split('\r\n');
  expect(rewritten).toEqual(['v=0', `a=${candidateOf(a.relayPort)}`, 'a=mid:0', '']);
});
