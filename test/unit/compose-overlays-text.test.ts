/** How text is laid out, and what clocks say. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { elapsedText, timeFormat } from '../../src/compose/overlays/clock.ts';
import { openContent } from '../../src/compose/overlays/contents.ts';
import { boxOf } from '../../src/compose/overlays/place.ts';
import { fontOf, fontSizeOf, layText } from '../../src/compose/overlays/text.ts';
import type { OverlayPlace, TextLook } from '../../src/overlay.ts';

const LOOK: TextLook = {
  ...{ font: 'sans-serif', fontSize: 0.05, fontWeight: 700, color: 'white', background: undefined },
  ...{ padding: 0.5, radius: 0, align: 'left' },
};
/** Every character is 10 pixels wide. */
const measure = (text: string): number => text.length * 10;

describe('text', () => {
  it('has a font by the shorter side of the picture, and never one that vanishes', () => {
    expect(fontSizeOf(LOOK, { width: 1280, height: 720 })).toBe(36);
    expect(fontSizeOf(LOOK, { width: 720, height: 1280 })).toBe(36);
    expect(fontSizeOf(LOOK, { width: 16, height: 16 })).toBe(4);
    expect(fontOf(LOOK, 36)).toBe('700 36px sans-serif');
  });

  it('is as wide as its longest line, with its padding', () => {
    expect(layText('one\nlonger', LOOK, 20, measure)).toMatchObject({
      lines: ['one', 'longer'],
      width: 60 + 20,
      height: 2 * 25 + 20,
    });
  });

  it('breaks between words where a width is given; a word that is wider stays whole', () => {
    const { lines, width } = layText('a bc defghijklmnop q\nr', LOOK, 20, measure, 20 + 50);
    expect(lines).toEqual(['a bc', 'defghijklmnop', 'q', 'r']);
    expect(width).toBe(130 + 20);
    expect(layText('a bc', LOOK, 20, measure, 500).width).toBe(40 + 20);
  });
});

describe('the box of a text', () => {
  afterEach(() => void vi.unstubAllGlobals());

  const HD = { width: 1280, height: 720 };
  /** Lines of 45 pixels, with a padding of 18. */
  const boxed = (text: string, given: Partial<OverlayPlace>) => {
    const context = { measureText: (words: string) => ({ width: measure(words) }) };
    vi.stubGlobal(
      'OffscreenCanvas',
      class {
        getContext = () => context;
      },
    );
    const place: OverlayPlace = {
      ...{ x: 0, y: 0, anchor: 'top-left', width: undefined, height: undefined, opacity: 1, visible: true },
      ...given,
    };
    const content = openContent({ type: 'text', text, look: LOOK, font: undefined }, () => undefined);
    const drawing = content.drawing({ captured: 0, time: 0 }, HD, place);
    return drawing && boxOf(place, HD, drawing.size);
  };

  it.each<[string, Partial<OverlayPlace>, number[]]>([
    ['below its anchor', { width: 0.5 }, [0, 0, 136, 81]],
    ['above it', { width: 0.5, x: 0.1, y: 1, anchor: 'bottom-left' }, [128, 720 - 81, 136, 81]],
    ['left of it', { width: 0.5, x: 1, anchor: 'top-right' }, [1280 - 136, 0, 136, 81]],
    [
      'with its lines broken at the width',
      { width: 0.09, y: 1, anchor: 'bottom-left' },
      [0, 720 - 126, 86, 126],
    ],
    ['never less than its longest word', { width: 0.01 }, [0, 0, 86, 126]],
    ['as high as its lines, whatever is said', { height: 0.01, width: 0.5 }, [0, 0, 136, 81]],
    ['also without a width', { height: 0.5 }, [0, 0, 136, 81]],
  ])('%s', (_, given, [x, y, width, height]) => {
    expect(boxed('Monda show', given)).toEqual({ x, y, width, height });
  });
});

describe('clocks', () => {
  it.each([
    [0, '0:00:00'],
    [999_999, '0:00:00'],
    [83_000_000, '0:01:23'],
    [36_000_000_000, '10:00:00'],
  ])('after %i microseconds', (time, text) => {
    expect(elapsedText(time)).toBe(text);
  });

  it('show the time of day in two digits each, in a time zone that is asked for', () => {
    const at = Date.UTC(2026, 0, 5, 7, 8, 9);
    expect(timeFormat('en', { timeZone: 'UTC' }).format(at)).toBe('07:08:09');
    expect(timeFormat('en-GB', { timeZone: 'UTC', dateStyle: 'short' }).format(at)).toBe('05/01/2026');
  });
});
