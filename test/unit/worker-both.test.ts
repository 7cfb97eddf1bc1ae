/** What the two sessions of `record: 'both'` do with the tracks that they share. */
import { expect, it, vi } from 'vitest';
import { openBoth } from '../../src/worker/both.ts';
import type { TracksContext } from '../../src/worker/media-tracks.ts';
import type { SessionSetup } from '../../src/worker/protocol.ts';
import type { Session } from '../../src/worker/session.ts';
import type { SessionTracks } from '../../src/worker/session-tracks.ts';
import { ID } from './server-kit.ts';

const nothing = (): void => undefined;

it('the last thumbnails are stored with the original, before it is complete', async () => {
  const stored = vi.fn(async () => undefined);
  const tracks = { duration: 1, endTime: 1e6, stored } as unknown as SessionTracks;
  const opened: SessionTracks[] = [];
  const context = { keeper: { note: nothing }, files: {}, stats: {} } as unknown as TracksContext;
  const session = { stop: nothing, abort: nothing } as unknown as Session;
  await openBoth(
    { recordingId: ID } as SessionSetup,
    () => tracks,
    async (_, __, openTracks) => {
      opened.push(openTracks(context));
      return session;
    },
    nothing,
  );
  const [composited, original] = opened;
  await composited?.stored?.();
  expect(stored).not.toHaveBeenCalled();
  await original?.stored?.();
  expect(stored).toHaveBeenCalledTimes(1);
});
