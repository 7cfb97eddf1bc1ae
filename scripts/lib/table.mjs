/** Recordings as text. */

/** @typedef {import('../../src/manifest.ts').Recording} Recording */
/** @typedef {import('../../src/manifest.ts').RecordedFile} RecordedFile */

const HEAD = ['file', 'reason', 'codec', 'size', 'rotation', 'range', 'duration', 'frames', 'bytes'];

/** @param {RecordedFile} file */
const row = ({ key, reason, duration, bytes, video, audio }) => [
  key,
  reason,
  [video?.codec, audio?.codec].filter(codec => codec !== undefined).join(' + '),
  video === undefined ? '' : `${video.codedWidth}x${video.codedHeight}`,
  video === undefined ? '' : `${video.rotation}°`,
  video === undefined ? '' : video.colorSpace.fullRange === true ? 'full' : 'limited',
  `${duration.toFixed(3)} s`,
  video === undefined ? '' : String(video.frames),
  String(bytes),
];

/** Columns whose numbers are easier to compare when they end at the same place. */
const RIGHT = new Set(['rotation', 'duration', 'frames', 'bytes']);

/**
 * A recording's files with their parameters, one line each.
 *
 * @param {Recording} recording
 */
export const filesTable = ({ files }) => {
  const rows = [HEAD, ...files.map(row)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map(cells => cells[column]?.length ?? 0)));
  return rows
    .map(cells =>
      cells
        .map((cell, column) =>
          RIGHT.has(HEAD[column] ?? '')
            ? cell.padStart(widths[column] ?? 0)
            : cell.padEnd(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
};
