/** How text is laid out, and what clocks say. */
import { describe, expect, it } from 'vitest';
import { elapsedText, timeFormat } from '../../src/compose/overlays/clock.ts';
import { fontOf, fontSizeOf, layText } from '../../src/compose/overlays/text.ts';
import type { TextLook } from '../../src/overlay.ts';

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
