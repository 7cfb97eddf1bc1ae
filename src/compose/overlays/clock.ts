/** What a clock says. Pure. */

const two = (value: number): string => String(value).padStart(2, '0');

/** Time on the recording's timeline, of microseconds: `0:01:23`. */
export const elapsedText = (time: number): string => {
  const seconds = Math.max(0, Math.floor(time / 1e6));
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
};

/** `12:34:56`, in two digits each whatever the locale. */
const TIME_OF_DAY: Intl.DateTimeFormatOptions = {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
};

/** Whether it says which parts of a time are wanted; a time zone alone leaves that open. */
const namesParts = (format: Intl.DateTimeFormatOptions): boolean =>
  Object.keys(format).some(
    name => !['timeZone', 'hour12', 'hourCycle', 'calendar', 'numberingSystem'].includes(name),
  );

/** @throws RangeError for a locale, a time zone or a format that there is not. */
export const timeFormat = (
  locale: string | undefined,
  format: Intl.DateTimeFormatOptions,
): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat(locale, namesParts(format) ? format : { ...TIME_OF_DAY, ...format });
