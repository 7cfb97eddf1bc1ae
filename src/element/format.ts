/** Numbers as people read them. Pure. */

const two = (value: number): string => String(value).padStart(2, '0');

/** `0:07`, `12:34`, `1:02:03`: whole seconds, rounded down. */
export const formatDuration = (seconds: number): string => {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
};

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** `512 B`, `1.2 MB`: powers of 1000. */
export const formatBytes = (bytes: number): string => {
  let [value, unit] = [bytes, 0];
  while (value >= 999.95 && unit < UNITS.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
};

/** `12:03`, with the date before it when that was not today: in the reader's language and time zone. */
export const formatMoment = (rfc3339: string, now = new Date()): string => {
  const date = new Date(rfc3339);
  const today = date.toDateString() === now.toDateString();
  return date.toLocaleString([], { timeStyle: 'short', ...(today ? {} : { dateStyle: 'medium' }) });
};
