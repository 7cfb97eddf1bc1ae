/** What is said to be shown, and what can't be drawn. */
import { describe, expect, it } from 'vitest';
import { Compositor } from '../../src/compose/overlays/compositor.ts';
import type { OverlayContent, OverlayLayer, OverlayPlace } from '../../src/overlay.ts';
import { SimulatedFrame } from '../support/simulated-frames.ts';
import { LIMITED_709, videoSource } from './cut-kit.ts';

const PLACE: OverlayPlace = {
  ...{ x: 0, y: 0, anchor: 'top-left', width: undefined, height: undefined, opacity: 1, visible: true },
};
const LAYER: OverlayLayer = { key: 1, id: 'one', place: PLACE };

const begun = () => {
  const failed: string[] = [];
  const shown: string[][] = [];
  const compositor = new Compositor({
    onShown: ({ ids }) => shown.push(ids),
    onFailed: (id, error) => failed.push(`${id}: ${(error as Error).message}`),
  });
  const set = (layers: OverlayLayer[], ...contents: OverlayContent[]): Promise<void> =>
    compositor.set({ layers, contents: contents.map((content, i) => [i + 1, content]) });
  let time = 0;
  const frame = async (): Promise<void> => {
    const picture = { id: 1, ...videoSource(), format: 'I420', fitted: false };
    const plain = new SimulatedFrame(picture, { timestamp: time++ }) as unknown as VideoFrame;
    (await compositor.look().draw(plain, videoSource(), LIMITED_709)).close();
  };
  return { failed, shown, set, frame };
};

describe('a stream that ends', () => {
  const stream = (): { content: OverlayContent; end: () => void } => {
    let end = (): void => undefined;
    const readable = new ReadableStream<VideoFrame>({
      start: controller => {
        end = () => controller.close();
      },
    });
    return { content: { type: 'stream', readable, fit: 'cover' }, end };
  };

  it('is not shown any more, says so once, and is not tried again', async () => {
    const { failed, shown, set, frame } = begun();
    const { content, end } = stream();
    await set([LAYER], content);
    await frame();
    end();
    await expect.poll(() => failed).toEqual(['one: its stream has ended']);
    await frame();
    await set([LAYER]);
    await frame();
    await set([{ ...LAYER, place: { ...PLACE, x: 0.5 } }]);
    await frame();
    expect(shown).toEqual([['one'], []]);
    expect(failed).toHaveLength(1);
  });

  it('before its scene is shown at all is left out', async () => {
    const { failed, shown, set, frame } = begun();
    const { content, end } = stream();
    const setting = set([LAYER], content);
    end();
    await setting;
    await expect.poll(() => failed).toEqual(['one: its stream has ended']);
    await frame();
    expect(shown).toEqual([]);
  });
});

it('what can not be drawn says so once, and is tried again in another place', async () => {
  const { failed, shown, set, frame } = begun();
  const look = { font: 'x', fontSize: 1, fontWeight: 400, color: 'red', padding: 0, radius: 0 };
  // There is no canvas here to measure it with.
  const text: OverlayContent = {
    type: 'text',
    text: 'Hello',
    font: undefined,
    look: { ...look, background: undefined, align: 'left' },
  };
  await set([LAYER], text);
  await frame();
  await set([LAYER]);
  await frame();
  expect(failed).toEqual([expect.stringContaining('one: ')]);
  expect(shown).toEqual([]);
  await set([{ ...LAYER, place: { ...PLACE, visible: false } }]);
  await set([LAYER]);
  await frame();
  expect(failed).toHaveLength(2);
});
