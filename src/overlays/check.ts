/** What a page says of overlays, checked, with all defaults. Pure, but for what only a browser knows: whether a colour is one. */
import type { OptionInvalidError, OptionUnknownError } from '../errors.ts';
import type {
  ClockOverlay,
  Overlay,
  OverlayAnchor,
  OverlayFit,
  OverlayPlace,
  OverlayTextStyle,
  TextLook,
} from '../overlay.ts';

/** The page's classes: this is a bundle of its own, which would have others. */
export interface CheckErrors {
  OptionInvalidError: typeof OptionInvalidError;
  OptionUnknownError: typeof OptionUnknownError;
}

/** An overlay that is well formed. */
export interface CheckedOverlay {
  id: string;
  place: OverlayPlace;
  given: Overlay;
}

const PLACE = ['id', 'type', 'x', 'y', 'anchor', 'width', 'height', 'opacity', 'visible'];
const STYLE = [
  'font',
  'fontFile',
  'fontSize',
  'fontWeight',
  'color',
  'background',
  'padding',
  'radius',
  'align',
];
const OWN: Record<Overlay['type'], readonly string[]> = {
  image: ['image', 'fit'],
  text: ['text', ...STYLE],
  clock: ['shows', 'locale', 'format', ...STYLE],
  stream: ['stream', 'fit'],
  html: ['html', 'box', 'rate', 'pixelRatio', 'fit'],
};

const ANCHORS: readonly OverlayAnchor[] = [
  'top-left',
  'top',
  'top-right',
  'left',
  'center',
  'right',
  'bottom-left',
  'bottom',
  'bottom-right',
];
const FITS: readonly OverlayFit[] = ['contain', 'cover', 'fill'];

/** Reads the fields of one overlay. */
class Fields {
  constructor(
    private readonly values: Record<string, unknown>,
    private readonly name: string,
    private readonly errors: CheckErrors,
  ) {}

  invalid(field: string, expected: string): never {
    throw new this.errors.OptionInvalidError(`${this.name}.${field}`, expected, this.values[field]);
  }

  known(fields: readonly string[]): void {
    for (const field of Object.keys(this.values)) {
      if (fields.includes(field)) continue;
      const known = fields.map(one => `${this.name}.${one}`);
      throw new this.errors.OptionUnknownError(`${this.name}.${field}`, known);
    }
  }

  number<Fallback>(field: string, from: number, to: number, fallback: Fallback): number | Fallback {
    const value = this.values[field];
    if (value === undefined) return fallback;
    if (typeof value === 'number' && value >= from && value <= to) return value;
    return this.invalid(field, `a number from ${from} to ${to}`);
  }

  oneOf<T extends string>(field: string, allowed: readonly T[], fallback: T): T {
    const value = this.values[field];
    if (value === undefined) return fallback;
    if (allowed.includes(value as T)) return value as T;
    return this.invalid(field, `one of ${allowed.map(one => `"${one}"`).join(', ')}`);
  }

  text<Fallback>(field: string, fallback: Fallback): string | Fallback {
    const value = this.values[field];
    if (value === undefined) return fallback;
    return typeof value === 'string' ? value : this.invalid(field, 'a string');
  }

  color<Fallback>(field: string, fallback: Fallback): string | Fallback {
    const value = this.text(field, fallback);
    const known = typeof value !== 'string' || typeof CSS === 'undefined' || CSS.supports('color', value);
    return known ? value : this.invalid(field, 'a CSS colour');
  }

  flag(field: string, fallback: boolean): boolean {
    const value = this.values[field];
    if (value === undefined) return fallback;
    return typeof value === 'boolean' ? value : this.invalid(field, 'true or false');
  }
}

const placeOf = (fields: Fields): OverlayPlace => ({
  x: fields.number('x', -10, 10, 0),
  y: fields.number('y', -10, 10, 0),
  anchor: fields.oneOf('anchor', ANCHORS, 'top-left'),
  width: fields.number('width', 0.001, 10, undefined),
  height: fields.number('height', 0.001, 10, undefined),
  opacity: fields.number('opacity', 0, 1, 1),
  visible: fields.flag('visible', true),
});

const lookOf = (fields: Fields): TextLook => ({
  font: fields.text('font', 'sans-serif'),
  fontSize: fields.number('fontSize', 0.001, 2, 0.05),
  fontWeight: fields.number('fontWeight', 1, 1000, 400),
  color: fields.color('color', 'white'),
  background: fields.color('background', undefined),
  padding: fields.number('padding', 0, 10, 0.3),
  radius: fields.number('radius', 0, 10, 0),
  align: fields.oneOf('align', ['left', 'center', 'right'], 'left'),
});

/** How a text or a clock looks. */
export const textLook = (overlay: OverlayTextStyle, errors: CheckErrors, name = 'overlay'): TextLook =>
  lookOf(new Fields(overlay as Record<string, unknown>, name, errors));

const checkClock = (fields: Fields, { locale, format = {} }: ClockOverlay): void => {
  fields.oneOf('shows', ['time', 'elapsed'], 'time');
  fields.text('locale', undefined);
  if (typeof format !== 'object' || format === null) fields.invalid('format', 'an object');
  try {
    new Intl.DateTimeFormat(locale, format);
  } catch (error) {
    fields.invalid('format', `what Intl.DateTimeFormat takes, with the locale (${String(error)})`);
  }
};

const checkBox = (fields: Fields, box: unknown): void => {
  const { width, height } = (box ?? {}) as Record<string, unknown>;
  const fits = (value: unknown): boolean => typeof value === 'number' && value >= 1 && value <= 8192;
  if (box !== undefined && !(fits(width) && fits(height)))
    fields.invalid('box', '{ width, height } in CSS pixels, from 1 to 8192');
};

const checkOwn = (fields: Fields, overlay: Overlay): void => {
  switch (overlay.type) {
    case 'image':
      fields.oneOf('fit', FITS, 'contain');
      if (overlay.image === undefined || overlay.image === null)
        fields.invalid('image', 'an address or a picture');
      return;
    case 'text':
      if (overlay.text === undefined) fields.invalid('text', 'a string');
      fields.text('text', '');
      return void lookOf(fields);
    case 'clock':
      checkClock(fields, overlay);
      return void lookOf(fields);
    case 'stream':
      fields.oneOf('fit', FITS, 'cover');
      if (!(overlay.stream instanceof MediaStream)) fields.invalid('stream', 'a MediaStream');
      return;
    case 'html':
      fields.oneOf('fit', FITS, 'contain');
      fields.number('rate', 0.1, 10, 2);
      fields.number('pixelRatio', 0.5, 4, 2);
      checkBox(fields, overlay.box);
      if (typeof overlay.html !== 'string' && !(overlay.html instanceof HTMLElement))
        fields.invalid('html', 'a string or an HTMLElement');
  }
};

const checkOne = (overlay: unknown, index: number, errors: CheckErrors): CheckedOverlay => {
  const name = `overlays[${index}]`;
  if (typeof overlay !== 'object' || overlay === null)
    throw new errors.OptionInvalidError(name, 'an overlay: an object with a type', overlay);
  const given = overlay as Overlay;
  const fields = new Fields(overlay as Record<string, unknown>, name, errors);
  const own = Object.hasOwn(OWN, given.type) ? OWN[given.type] : undefined;
  if (!own) return fields.invalid('type', `one of ${Object.keys(OWN).join(', ')}`);
  fields.known([...PLACE, ...own]);
  checkOwn(fields, given);
  return { id: fields.text('id', `overlay-${index + 1}`), place: placeOf(fields), given };
};

/**
 * Checks a list of overlays. What is in a picture or behind an address is not looked at.
 *
 * @throws OptionInvalidError (`option-invalid`), OptionUnknownError (`option-unknown`).
 */
export const checkOverlays = (list: unknown, errors: CheckErrors): CheckedOverlay[] => {
  if (!Array.isArray(list)) throw new errors.OptionInvalidError('overlays', 'a list of overlays', list);
  const checked = list.map((overlay, index) => checkOne(overlay, index, errors));
  const ids = checked.map(({ id }) => id);
  const twice = ids.findIndex((id, index) => ids.indexOf(id) !== index);
  if (twice >= 0)
    throw new errors.OptionInvalidError(
      `overlays[${twice}].id`,
      'an id that no other overlay has',
      ids[twice],
    );
  return checked;
};
