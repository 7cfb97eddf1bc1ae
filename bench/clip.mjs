/**
 * `npm run bench:clip`: how long a clip of a running 1280x720 stream takes, from asking for it until all of it is stored on a server on this
 * machine: by key frame and to the frame. `-- --times 5 --seconds 30` are the defaults; the stream runs for that long first.
 *
 * `npm run bench:clip -- --long`: clips of the last 5, 30 and 120 s of a stream that has run for 150 s (`--run`), with a change of size in
 * it: ends with an error where one does not hold the very pictures that were asked for, or ffmpeg does not decode it clean.
 */
import { parseArgs } from 'node:util';
import { runLong } from './clip/long.mjs';
import { withPage } from './clip/station.mjs';

const { values } = parseArgs({
  options: {
    times: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '30' },
    long: { type: 'boolean', default: false },
    run: { type: 'string', default: '150' },
  },
});
const settings = { times: Number(values.times), seconds: Number(values.seconds) };

/**
 * In the page.
 *
 * @param {{ times: number, seconds: number }} settings
 */
const measure = async ({ times, seconds }) => {
  const { Recorder, tus } = /** @type {typeof import('steadyreel')} */ (Reflect.get(window, 'Steadyreel'));
  const stream = await navigator.mediaDevices.getUserMedia({
    video: { width: 1280, height: 720 },
    audio: true,
  });
  const recorder = new Recorder(stream, {
    storage: tus({ endpoint: '/storage' }),
    dvr: { seconds: seconds + 30 },
  });
  await new Promise(resolve => setTimeout(resolve, (seconds + 3) * 1000));
  /** @param {import('steadyreel').ClipOptions} options */
  const time = async options => {
    const before = performance.now();
    const { duration, files } = await recorder.clip(options);
    return {
      took: performance.now() - before,
      duration,
      bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    };
  };
  /** @type {Record<'loose' | 'exact', Awaited<ReturnType<typeof time>>[]>} */
  const all = { loose: [], exact: [] };
  for (let i = 0; i < times; i++) {
    all.loose.push(await time({ seconds }));
    const start = (recorder.dvr?.end ?? seconds) - seconds;
    all.exact.push(await time({ start, duration: seconds - 1, exact: true }));
  }
  return all;
};

/** @param {{ took: number, duration: number, bytes: number }[]} clips */
const tell = clips => {
  const sorted = clips.map(({ took }) => took).sort((a, b) => a - b);
  const at = (/** @type {number} */ part) => (sorted[Math.round((sorted.length - 1) * part)] ?? 0).toFixed(0);
  const { duration = 0, bytes = 0 } = clips[0] ?? {};
  const what = `${duration.toFixed(1)} s, ${(bytes / 1e6).toFixed(1)} MB`;
  return `median ${at(0.5)} ms, from ${at(0)} to ${at(1)} ms (${sorted.length} times; ${what})`;
};

if (values.long) await withPage(runLong(Number(values.run)));
else
  await withPage(async page => {
    const { loose, exact } = await page.evaluate(measure, settings);
    console.log(`by key frame: ${tell(loose)}`);
    console.log(`to the frame: ${tell(exact)}`);
  });
