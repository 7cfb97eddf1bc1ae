/** The demo's stage: what it makes of sources that take a while to open. On a DOM that shows nothing. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Stage } from '../../demo/app/stage.ts';
import { deferred } from '../../src/deferred.ts';

type Sources = typeof import('../../demo/app/sources.ts');
type Source = Awaited<ReturnType<Sources['openSource']>>;
type Kind = Source['kind'];

const { openSource } = vi.hoisted(() => ({ openSource: vi.fn<Sources['openSource']>() }));
vi.mock('../../demo/app/sources.ts', async original => ({ ...(await original<Sources>()), openSource }));

class FakeNode extends EventTarget {
  classList = { add: () => undefined, remove: () => undefined };
  hidden = false;
  setAttribute(): void {}
  removeAttribute(): void {}
}

/** What was asked for, in order; nothing opens by itself. */
const asked: { kind: Kind; open(): Source; close: ReturnType<typeof vi.fn> }[] = [];

beforeEach(() => {
  asked.length = 0;
  openSource.mockImplementation(kind => {
    const { promise, resolve } = deferred<Source>();
    const close = vi.fn();
    const source = { kind, close, stream: { getTracks: () => [] } } as unknown as Source;
    const open = (): Source => {
      resolve(source);
      return source;
    };
    asked.push({ kind, open, close });
    return promise;
  });
  for (const name of ['HTMLElement', 'HTMLVideoElement', 'HTMLDivElement', 'HTMLButtonElement'])
    vi.stubGlobal(name, FakeNode);
  vi.stubGlobal('document', { getElementById: () => new FakeNode() });
});
afterEach(() => {
  vi.unstubAllGlobals();
});

it('a camera that opens when another source has been chosen is let go', async () => {
  const opened: Kind[] = [];
  const stage = new Stage(({ kind }) => opened.push(kind));
  stage.choose('camera');
  const camera = expect(stage.open()).rejects.toMatchObject({ code: 'source-unavailable' });
  stage.choose('pattern');
  const pattern = stage.open();
  asked[1]?.open();
  await pattern;
  asked[0]?.open();
  await camera;
  expect(asked[0]?.close).toHaveBeenCalledOnce();
  expect([stage.source?.kind, opened]).toEqual(['pattern', ['pattern']]);
});

it('also when the camera has been chosen anew, which asks anew', async () => {
  const stage = new Stage(() => undefined);
  stage.choose('camera');
  const first = expect(stage.open()).rejects.toMatchObject({ code: 'source-unavailable' });
  stage.choose('pattern');
  stage.choose('camera');
  const second = stage.open();
  asked[0]?.open();
  await first;
  expect(stage.source).toBe(undefined);
  expect(asked[1]?.open()).toBe(await second);
});

it('is asked for once, by whomever', async () => {
  const stage = new Stage(() => undefined);
  stage.choose('camera');
  const both = [stage.open(), stage.open()];
  expect(asked).toHaveLength(1);
  const source = asked[0]?.open();
  expect(await Promise.all(both)).toEqual([source, source]);
  // Turned off and on again.
  stage.close();
  void stage.open();
  expect(asked).toHaveLength(2);
});
