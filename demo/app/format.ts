/** Numbers and names as people read them. Pure. */

const two = (value: number): string => String(value).padStart(2, '0');

/** `0:07.4`: minutes, seconds and tenths, rounded down. */
export const duration = (seconds: number): string => {
  const tenths = Math.max(0, Math.floor(seconds * 10 + 1e-6));
  const [minutes, rest] = [Math.floor(tenths / 600), tenths % 600];
  return `${minutes}:${two(Math.floor(rest / 10))}.${rest % 10}`;
};

/** `7.4 seconds`, for sentences. */
export const inSeconds = (value: number): string => `${value.toFixed(1)} seconds`;

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** `512 B`, `1.2 MB`: powers of 1000. */
export const bytes = (value: number): string => {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, value)) / 3));
  return `${power === 0 ? value : (value / 1000 ** power).toFixed(1)} ${UNITS[power]}`;
};

/** `3 files`. */
export const count = (value: number, one: string): string => `${value} ${one}${value === 1 ? '' : 's'}`;

/** `Today, 14:03`, or the date. */
export const moment = (rfc3339: string, now = new Date()): string => {
  const date = new Date(rfc3339);
  const time = date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' });
  const sameDay = date.toDateString() === now.toDateString();
  return `${sameDay ? 'Today' : date.toLocaleDateString([], { dateStyle: 'medium' })}, ${time}`;
};

const CODECS: [RegExp, string][] = [
  [/^avc[13]/, 'H.264'],
  [/^(hvc1|hev1)/, 'H.265'],
  [/^vp09|^vp9/, 'VP9'],
  [/^vp08|^vp8/, 'VP8'],
  [/^av01/, 'AV1'],
  [/^mp4a/, 'AAC'],
  [/^opus/i, 'Opus'],
];

/** `H.264` for `avc1.64001f`. */
export const codec = (text: string): string => CODECS.find(([pattern]) => pattern.test(text))?.[1] ?? text;

/** `44.1 kHz`. */
export const sampleRate = (hertz: number): string => `${hertz / 1000} kHz`;

/** `mono`, `stereo`, `6 channels`. */
export const channels = (value: number): string => ['', 'mono', 'stereo'][value] ?? `${value} channels`;
