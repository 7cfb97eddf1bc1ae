/** In a file of its own, since a page has one worker for all taps. */
import { expect, test } from 'vitest';
import { tap } from '../../src/tap/tap-connection.ts';
import { tapOf } from '../../src/tap/taps.ts';
import { connect, connection, expectDecoding, movingPicture, receiverOf } from './support/call.ts';

test('a call goes on when the worker of its taps can not be loaded, and recording it says why', async () => {
  const workerUrl = '/nowhere/tap.js';
  const caller = tap(connection(), { workerUrl });
  const callee = tap(connection(), { workerUrl });
  const sender = caller.addTrack(movingPicture());
  await connect(caller, callee);
  await expectDecoding(callee);
  for (const target of [sender, receiverOf(callee, 'video')])
    expect(() => tapOf(target)).toThrow(expect.objectContaining({ code: 'worker-failed' }));
  // Nor does one that begins afterwards depend on it.
  const later = tap(connection());
  const other = tap(connection());
  later.addTrack(movingPicture());
  await connect(later, other);
  await expectDecoding(other);
});
