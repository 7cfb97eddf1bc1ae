/** Scenes of overlays, as a worker shows them. */
import { expect, it, vi } from 'vitest';
import type { FromOverlays } from '../../src/overlay.ts';
import { openServer } from '../../src/worker/overlay-server.ts';

const begun = () => {
  const told: FromOverlays[] = [];
  const port = { postMessage: (message: FromOverlays) => void told.push(message) };
  return { told, server: openServer(port as unknown as MessagePort, () => undefined) };
};
const NOTHING = { layers: [], contents: [] };

it('a scene that is unfinished holds the first frame up until the one that follows is shown', async () => {
  const { told, server } = begun();
  let ready = false;
  const first = server.show({ ...NOTHING, unfinished: true }).then(() => {
    ready = true;
  });
  await new Promise(resolve => setTimeout(resolve));
  expect(ready).toBe(false);
  await server.show({ ...NOTHING, id: 1 });
  await first;
  expect(told).toEqual([{ type: 'shown', id: 1 }]);
});

it('where none follows, not for long', async () => {
  vi.useFakeTimers();
  const { server } = begun();
  const first = server.show({ ...NOTHING, unfinished: true });
  await vi.advanceTimersByTimeAsync(1_000);
  await first;
  vi.useRealTimers();
});
