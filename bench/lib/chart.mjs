/** Charts of what each way to record takes. Pure. */

/** @typedef {{ label: string, median: number, least: number, most: number }} Bar */

const [LEFT, RIGHT, WIDTH, STEP] = [210, 90, 720, 34];
const FONT = 'font-family="system-ui, sans-serif" font-size="13"';

/** @param {string} text */
const escaped = text => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('`', '');

/**
 * Readable on light and dark pages.
 *
 * @param {string} title
 * @param {readonly Bar[]} bars
 * @param {{ unit?: string, digits?: number, least?: number }} [options] `least`: the scale goes at least so far
 */
export const chart = (title, bars, { unit = '%', digits = 1, least: scale = 1 } = {}) => {
  const most = Math.max(...bars.map(bar => bar.most), scale);
  /** @param {number} value */
  const x = value => LEFT + (Math.max(0, value) / most) * (WIDTH - LEFT - RIGHT);
  const height = 44 + STEP * bars.length;
  const rows = bars.map(({ label, median, least, most: high }, i) => {
    const y = 36 + STEP * i;
    const middle = y + 10;
    return [
      `  <text x="${LEFT - 10}" y="${y + 15}" text-anchor="end">${escaped(label)}</text>`,
      `  <rect x="${LEFT}" y="${y}" width="${Math.max(1, x(median) - LEFT).toFixed(1)}" height="20" fill="#3b82c4"/>`,
      `  <path d="M${x(least).toFixed(1)} ${middle}H${x(high).toFixed(1)}" stroke="#d97706" stroke-width="2"/>`,
      `  <text x="${(Math.max(x(median), x(high)) + 8).toFixed(1)}" y="${y + 15}">${median.toFixed(digits)} ${unit}</text>`,
    ].join('\n');
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" ${FONT} fill="#808080" role="img">`,
    `  <title>${escaped(title)}</title>`,
    `  <text x="10" y="20">${escaped(title)}</text>`,
    ...rows,
    '</svg>\n',
  ].join('\n');
};
