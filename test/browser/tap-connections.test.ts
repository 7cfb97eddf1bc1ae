/** How connections get their taps: whichever way their senders and receivers are made, and without harm to the page. */
import { expect, onTestFinished, test } from 'vitest';
import { openTap, probeTap } from '../../src/tap/asks.ts';
import { FrameFeed } from '../../src/tap/frame-feed.ts';
import { tap, tapEvery } from '../../src/tap/tap-connection.ts';
import { tapOf } from '../../src/tap/taps.ts';
import { connect, connection, expectDecoding, movingPicture, Recording, receiverOf } from './support/call.ts';

const flowing = { state: 'flowing', mimeType: expect.stringMatching(/^video\//) };

test('senders are tapped when they are made by addTransceiver, and on the side that answers', async () => {
  const caller = tap(connection());
  const callee = tap(connection());
  const { sender } = caller.addTransceiver(movingPicture(), { direction: 'sendrecv' });
  // Of this one there is no `track` event: the caller sends nothing on it.
  caller.addTransceiver('video', { direction: 'recvonly' });
  callee.addEventListener('signalingstatechange', () => {
    if (callee.signalingState !== 'have-remote-offer') return;
    for (const transceiver of callee.getTransceivers()) {
      void transceiver.sender.replaceTrack(movingPicture());
      transceiver.direction = 'sendrecv';
    }
  });
  await connect(caller, callee);
  const targets = [sender, ...callee.getSenders(), ...caller.getReceivers()];
  expect(targets).toHaveLength(5);
  for (const target of targets) expect(await probeTap(tapOf(target), 20_000)).toEqual(flowing);
});

test('receivers of an offer to receive are tapped, which older libraries use, too', async () => {
  const caller = tap(connection());
  const callee = connection();
  callee.addTrack(movingPicture());
  await connect(caller, callee, { offerToReceiveVideo: true });
  expect(await probeTap(tapOf(receiverOf(caller, 'video')), 20_000)).toEqual(flowing);
});

test('a connection is tapped once, and calls of the page fail as they would without', async () => {
  const caller = connection();
  expect(tap(caller)).toBe(caller);
  const { addTrack } = caller;
  expect(tap(caller)).toBe(caller);
  expect(caller.addTrack).toBe(addTrack);
  const picture = movingPicture();
  const sender = caller.addTrack(picture);
  const { transform } = sender;
  expect(transform).toBeInstanceOf(RTCRtpScriptTransform);
  expect(() => caller.addTrack(picture)).toThrow(expect.objectContaining({ name: 'InvalidAccessError' }));
  expect(() => caller.addTransceiver('smell')).toThrow(TypeError);
  caller.removeTrack(sender);
  // The same sender is used again, with the tap that it has.
  expect(caller.addTrack(movingPicture())).toBe(sender);
  expect(sender.transform).toBe(transform);
});

test('tapEvery taps connections that others make, until it is undone', async () => {
  const Original = RTCPeerConnection;
  const undo = tapEvery();
  onTestFinished(undo);
  class Extended extends RTCPeerConnection {
    readonly own = true;
  }
  const caller = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
  const callee = new Extended();
  onTestFinished(() => {
    for (const made of [caller, callee]) made.close();
  });
  expect(caller).toBeInstanceOf(RTCPeerConnection);
  expect(caller).toBeInstanceOf(Original);
  expect(callee).toBeInstanceOf(Extended);
  expect(callee.own).toBe(true);
  expect(caller.getConfiguration().bundlePolicy).toBe('max-bundle');
  expect(
    await RTCPeerConnection.generateCertificate({ name: 'ECDSA', namedCurve: 'P-256' } as never),
  ).toBeInstanceOf(RTCCertificate);
  const sender = caller.addTrack(movingPicture());
  await connect(caller, callee);
  expect(await probeTap(tapOf(sender), 20_000)).toEqual(flowing);
  expect(await probeTap(tapOf(receiverOf(callee, 'video')), 20_000)).toEqual(flowing);
  undo();
  expect(RTCPeerConnection).toBe(Original);
  expect(connection().addTransceiver('video').sender.transform).toBeNull();
});

test('frames that the page encrypts by createEncodedStreams are never led past it', async () => {
  interface WithStreams {
    createEncodedStreams(): { readable: ReadableStream; writable: WritableStream };
  }
  const caller = tap(connection({ encodedInsertableStreams: true } as RTCConfiguration));
  expect(caller.addTrack(movingPicture()).transform).toBeNull();
  // Where the page has not said that it will, it must fail, not send in the clear.
  const sender = tap(connection()).addTrack(movingPicture());
  expect(() => (sender as unknown as WithStreams).createEncodedStreams()).toThrow(
    expect.objectContaining({ code: 'transform-taken' }),
  );
});

test("a feed takes decrypted frames from the page's own transform", async () => {
  const caller = tap(connection());
  const callee = tap(connection());
  const worker = new Worker(new URL('./support/scrambling.worker.ts', import.meta.url), { type: 'module' });
  onTestFinished(() => worker.terminate());
  const scramble = 0x5a;
  const sender = caller.addTrack(movingPicture());
  sender.transform = new RTCRtpScriptTransform(worker, { scramble });
  let feed: FrameFeed | undefined;
  callee.addEventListener('track', ({ receiver }) => {
    feed = new FrameFeed({ kind: 'video', side: 'receiver', receiver });
    receiver.transform = new RTCRtpScriptTransform(worker, { scramble, feed: feed.port }, [feed.port]);
  });
  await connect(caller, callee);
  await expectDecoding(callee);
  if (feed) expect(await probeTap(feed, 20_000)).toEqual(flowing);
  const recording = new Recording(openTap(feed as FrameFeed));
  await recording.hear(20);
  const before = recording.keyFrames;
  recording.send({ type: 'key-frame' });
  await expect.poll(() => recording.keyFrames, { timeout: 20_000 }).toBe(before + 1);
  // VP8's key frames begin with a start code (RFC 6386, 9.1), which only decrypted ones have.
  const key = recording.frames.find(({ type }) => type === 'key');
  expect(key?.mimeType).toBe('video/VP8');
  expect([...new Uint8Array(key?.data ?? new ArrayBuffer(0), 3, 3)]).toEqual([0x9d, 0x01, 0x2a]);
  await expectDecoding(callee);
  // What tells of a loss: their numbers, as the taps that these transforms have replaced have asked for, and the decoder.
  expect(key?.frameId).toBeDefined();
  recording.send({ type: 'look' });
  await expect
    .poll(() => recording.others, { timeout: 20_000 })
    .toMatchObject([{ look: { shown: [expect.any(Number)] } }]);
  callee.close();
  await expect.poll(() => recording.others.slice(1), { timeout: 20_000 }).toEqual([{ type: 'ended' }]);
});
