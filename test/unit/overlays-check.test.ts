/** What a page may say of overlays. */
import { describe, expect, it } from 'vitest';
import * as errors from '../../src/errors.ts';
import type { Overlay } from '../../src/overlay.ts';
import { checkOverlays } from '../../src/overlays/check.ts';
import { sameContent } from '../../src/overlays/prepare.ts';

const check = (...list: unknown[]) => checkOverlays(list, errors);
const TITLE = { type: 'text', text: 'Hello' };

describe('a list of overlays', () => {
  it('gets its defaults', () => {
    expect(check(TITLE)[0]).toEqual({
      id: 'overlay-1',
      given: TITLE,
      place: {
        ...{ x: 0, y: 0, anchor: 'top-left', width: undefined, height: undefined },
        ...{ opacity: 1, visible: true },
      },
    });
  });

  it('takes over what is given', () => {
    const place = {
      x: 0.9,
      y: -0.1,
      anchor: 'bottom-right',
      width: 0.2,
      height: 0.1,
      opacity: 0,
      visible: false,
    };
    expect(check({ ...TITLE, ...place, id: 'title' })[0]).toMatchObject({ id: 'title', place });
  });

  it.each<[unknown, string]>([
    [null, 'overlays[0]'],
    ['text', 'overlays[0]'],
    [{ text: 'Hello' }, 'overlays[0].type'],
    [{ type: 'toString' }, 'overlays[0].type'],
    [{ type: 'text' }, 'overlays[0].text'],
    [{ ...TITLE, x: '1' }, 'overlays[0].x'],
    [{ ...TITLE, x: Number.NaN }, 'overlays[0].x'],
    [{ ...TITLE, width: 0 }, 'overlays[0].width'],
    [{ ...TITLE, width: 320 }, 'overlays[0].width'],
    [{ ...TITLE, opacity: 1.1 }, 'overlays[0].opacity'],
    [{ ...TITLE, anchor: 'middle' }, 'overlays[0].anchor'],
    [{ ...TITLE, visible: 1 }, 'overlays[0].visible'],
    [{ ...TITLE, fontSize: 24 }, 'overlays[0].fontSize'],
    [{ ...TITLE, color: 5 }, 'overlays[0].color'],
    [{ type: 'image' }, 'overlays[0].image'],
    [{ type: 'image', image: 'a.png', fit: 'crop' }, 'overlays[0].fit'],
    [{ type: 'clock', shows: 'date' }, 'overlays[0].shows'],
    [{ type: 'clock', format: { timeZone: 'Mars/Olympus' } }, 'overlays[0].format'],
    [{ type: 'html', html: '<b>x</b>', box: { width: 0, height: 10 } }, 'overlays[0].box'],
    [{ type: 'html', html: '<b>x</b>', rate: 60 }, 'overlays[0].rate'],
  ])('%j is refused', (overlay, option) => {
    expect(() => check(overlay)).toThrow(expect.objectContaining({ code: 'option-invalid', option }));
  });

  it('knows no other fields, and no id twice', () => {
    const unknown = expect.objectContaining({ code: 'option-unknown', option: 'overlays[1].colour' });
    expect(() => check(TITLE, { ...TITLE, colour: 'red' })).toThrow(unknown);
    const twice = expect.objectContaining({ code: 'option-invalid', option: 'overlays[1].id' });
    expect(() => check({ ...TITLE, id: 'a' }, { ...TITLE, id: 'a' })).toThrow(twice);
    expect(() => checkOverlays(TITLE, errors)).toThrow(expect.objectContaining({ option: 'overlays' }));
  });
});

describe('what an overlay shows is the same', () => {
  const box = (): Overlay => ({ type: 'html', html: '<b>x</b>', box: { width: 10, height: 10 } });
  it('wherever it lies', () => {
    expect(sameContent({ ...box(), x: 1, visible: false }, { ...box(), opacity: 0.5, id: 'x' })).toBe(true);
  });

  it('but not when anything of it differs', () => {
    expect(sameContent(box(), { ...box(), html: '<b>y</b>' } as Overlay)).toBe(false);
    expect(sameContent(box(), { ...box(), box: { width: 20, height: 10 } } as Overlay)).toBe(false);
    expect(sameContent({ type: 'text', text: 'a' }, { type: 'text', text: 'a', color: 'red' })).toBe(false);
  });
});
