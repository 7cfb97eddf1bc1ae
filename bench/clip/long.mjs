/**
 * A stream that runs for minutes, with a change of size in it, and clips of its last 5, 30 and 120 seconds: by key frame and to the
 * frame. Each picture has its number painted into it, so that it can be said of every frame of a clip which one it is.
 */
import { equal, ok } from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const RATE = 30;
const KEY_FRAME_INTERVAL = 2;
/** Seconds of the stream's end that have the other size. */
const SMALL = 20;
const LAST = [5, 30, 120];
/** A number is so many squares of so many pixels, in the upper left corner. */
const BITS = 16;
const SQUARE = 16;

/** @typedef {{ seconds: number, rate: number, small: number, last: number[], bits: number, square: number, interval: number }} Given */
/** @typedef {{ asked: number, start: number | undefined, fed: number, took: number, recording: import('steadyreel').Recording }} Clip */

/**
 * In the page.
 *
 * @param {Given} given
 * @returns {Promise<{ beginning: import('steadyreel').Recording, clips: Clip[], memory: number, stored: number }>}
 */
const play = async ({ seconds, rate, small, last, bits, square, interval }) => {
  const { Recorder, tus } = /** @type {typeof import('steadyreel')} */ (Reflect.get(window, 'Steadyreel'));
  const track = new (Reflect.get(window, 'MediaStreamTrackGenerator'))({ kind: 'video' });
  const writer = track.writable.getWriter();
  const colorSpace = /** @type {const} */ ({
    primaries: 'bt709',
    transfer: 'bt709',
    matrix: 'bt709',
    fullRange: false,
  });
  let fed = 0;
  const feed = () => {
    const isSmall = fed >= (seconds - small) * rate;
    const [width, height] = isSmall ? [640, 360] : [1280, 720];
    const data = new Uint8Array((width * height * 3) / 2).fill(128);
    // A bar that moves: something to do for the encoder.
    for (let y = 100; y < 200; y++)
      data.fill(200, y * width + ((fed * 7) % (width - 100)), y * width + ((fed * 7) % (width - 100)) + 100);
    for (let bit = 0; bit < bits; bit++)
      for (let y = 0; y < square; y++) {
        const at = y * width + bit * square;
        data.fill((fed >> bit) & 1 ? 235 : 16, at, at + square);
      }
    const timestamp = Math.round((fed * 1e6) / rate);
    const init = { format: 'I420', codedWidth: width, codedHeight: height, timestamp, colorSpace };
    fed++;
    return writer.write(new VideoFrame(data, /** @type {VideoFrameBufferInit} */ (init)));
  };
  const recorder = new Recorder(new MediaStream([track]), {
    storage: tus({ endpoint: '/storage' }),
    dvr: { seconds: Math.max(...last) + 20 },
    video: { keyFrameInterval: interval },
  });
  const begin = performance.now();
  /** @param {number} count */
  const feedUntil = async count => {
    while (fed < count) {
      const wait = begin + (fed * 1000) / rate - performance.now();
      if (wait > 0) await new Promise(resolve => setTimeout(resolve, wait));
      await feed();
    }
  };
  await feedUntil(2 * rate);
  const beginning = recorder.clip({ start: 0, duration: 0.5 });
  await feedUntil(seconds * rate);
  let asking = true;
  const feeding = (async () => {
    while (asking) await feedUntil(fed + 1);
  })();
  const clips = [];
  for (const asked of last)
    for (const exact of [false, true]) {
      const start = exact ? (recorder.dvr?.end ?? 0) - asked : undefined;
      const options = start === undefined ? { seconds: asked } : { start, duration: asked, exact };
      const before = performance.now();
      const fedBefore = fed;
      const recording = await recorder.clip(options);
      clips.push({ asked, start, fed: fedBefore, took: performance.now() - before, recording });
    }
  const { memoryBytes = 0, storedBytes = 0 } = recorder.dvr ?? {};
  asking = false;
  await feeding;
  recorder.close();
  return { beginning: await beginning, clips, memory: memoryBytes, stored: storedBytes };
};

/**
 * The numbers in the frames of a file, as ffmpeg decodes them without an error.
 *
 * @param {string} path
 */
const numbersIn = async path => {
  const args = ['-v', 'error', '-i', path, '-an', '-fps_mode', 'passthrough'];
  const filter = `crop=${BITS * SQUARE}:${SQUARE}:0:0,scale=${BITS}:1:flags=area`;
  const output = ['-vf', filter, '-pix_fmt', 'gray', '-f', 'rawvideo', '-'];
  const { stdout, stderr } = await run('ffmpeg', [...args, ...output], {
    encoding: 'buffer',
    maxBuffer: 2 ** 28,
  });
  equal(stderr.toString(), '', path);
  const count = stdout.length / BITS;
  return Array.from({ length: count }, (_, i) =>
    stdout
      .subarray(i * BITS, (i + 1) * BITS)
      .reduce((sum, luma, bit) => sum + (luma > 128 ? 2 ** bit : 0), 0),
  );
};

/**
 * The numbers in all frames of a recording, each of which follows the one before it.
 *
 * @param {import('steadyreel').Recording} recording
 * @param {string} folder
 */
const picturesOf = async ({ files, state }, folder) => {
  equal(state, 'complete');
  const numbers = [];
  for (const { key, video } of files) {
    const found = await numbersIn(join(folder, key.replace(/^recordings\//, '')));
    equal(found.length, video?.frames, `${key} frames`);
    numbers.push(...found);
  }
  const [first = 0] = numbers;
  for (const [i, number] of numbers.entries())
    equal(number, first + i, 'each picture follows the one before it');
  return numbers;
};

/**
 * @param {Clip} clip
 * @param {number} zero number of the picture that the stream's timeline begins with.
 * @param {string} folder
 */
const check = async ({ asked, start, fed, recording }, zero, folder) => {
  const { files, duration } = recording;
  equal(files.length, asked > SMALL ? 2 : 1, 'files');
  const numbers = await picturesOf(recording, folder);
  const [first = 0] = numbers;
  if (start === undefined) {
    ok(
      duration >= asked - 1 / RATE && duration <= asked + KEY_FRAME_INTERVAL + 1 / RATE,
      `${duration} s of ${asked} s`,
    );
    ok(
      Math.abs(first + numbers.length - fed) <= 3,
      `it ends with picture ${first + numbers.length} of ${fed}`,
    );
    return;
  }
  // To the frame: the one that was shown at the start, and all before the end.
  equal(first, zero + Math.floor(start * RATE + 1e-3), 'first picture');
  ok(Math.abs(duration - asked) < 0.001, `${duration} s of ${asked} s`);
  ok(Math.abs(numbers.length - asked * RATE) <= 1, `${numbers.length} pictures`);
};

/** @param {number} seconds that the stream runs for. */
export const runLong = seconds => {
  console.log(`a stream of 1280x720, and of 640x360 in its last ${SMALL} s, runs for ${seconds} s …`);
  /** @param {import('./station.mjs').Page} page @param {string} folder */
  return async (page, folder) => {
    const last = LAST.filter(one => one < seconds);
    const given = { seconds, rate: RATE, small: SMALL, last, bits: BITS, square: SQUARE };
    const { beginning, clips, memory, stored } = await page.evaluate(play, {
      ...given,
      interval: KEY_FRAME_INTERVAL,
    });
    // Those that came before its ring was there are not on it.
    const [zero = 0] = await picturesOf(beginning, folder);
    for (const clip of clips) {
      await check(clip, zero, folder);
      const { asked, start, took, recording } = clip;
      const how = start === undefined ? 'by key frame' : 'to the frame';
      const frames = recording.files.map(
        ({ video }) => `${video?.frames} of ${video?.codedWidth}x${video?.codedHeight}`,
      );
      console.log(
        `last ${asked} s, ${how}: ready in ${took.toFixed(0)} ms, ${frames.join(' and ')} pictures, all there`,
      );
    }
    console.log(
      `the ring held ${(memory / 1e6).toFixed(1)} MB in memory, ${(stored / 1e6).toFixed(1)} MB on the disk`,
    );
  };
};
