/** What must hold for every recording, whatever was done to it: looked at from outside, file by file. */

import type { RecordedFile, Recording } from 'steadyreel';
import { expect } from 'vitest';
import { commands } from 'vitest/browser';

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

/** ffprobe tells how far a player must turn counter-clockwise; the manifest, clockwise. */
const clockwise = (rotation: number | undefined): number => ((-(rotation ?? 0) % 360) + 360) % 360 || 0;

const checkVideo = async (
  file: RecordedFile,
  seen: Awaited<ReturnType<typeof commands.inspect>>,
): Promise<void> => {
  const stream = seen.streams.find(s => s.codec_type === 'video');
  if (!file.video) return expect(stream, `${file.key} has no video`).toBeUndefined();
  const { video } = file;
  const matrix = stream?.side_data_list?.find(d => d.displaymatrix !== undefined);
  expect({ width: stream?.width, height: stream?.height }, file.key).toEqual({
    width: video.codedWidth,
    height: video.codedHeight,
  });
  // A mirrored picture's matrix has no rotation that ffprobe could name.
  if (!video.flip) expect(clockwise(matrix?.rotation), `${file.key} rotation`).toBe(video.rotation);
  expect(stream?.color_range, `${file.key} range`).toBe(video.colorSpace.fullRange ? 'pc' : 'tv');
  expect(stream?.color_space, `${file.key} matrix`).toBe(video.colorSpace.matrix);
  expect(stream?.color_primaries, `${file.key} primaries`).toBe(video.colorSpace.primaries);
  expect(Number(stream?.nb_read_packets), `${file.key} frames`).toBe(video.frames);
  if (video.codec.startsWith('avc1')) {
    expect(seen.avc, `${file.key} parameter sets`).toEqual({ parameterSets: 1, strayParameterSets: 0 });
  }
};

const checkAudio = async (
  file: RecordedFile,
  seen: Awaited<ReturnType<typeof commands.inspect>>,
): Promise<void> => {
  const stream = seen.streams.find(s => s.codec_type === 'audio');
  if (!file.audio) return expect(stream, `${file.key} has no audio`).toBeUndefined();
  expect(stream?.channels, `${file.key} channels`).toBe(file.audio.numberOfChannels);
  // Opus is 48 kHz to every decoder.
  const rate = file.audio.codec === 'opus' ? 48_000 : file.audio.sampleRate;
  expect(Number(stream?.sample_rate), `${file.key} sample rate`).toBe(rate);
  expect(Number(stream?.nb_read_packets), `${file.key} audio packets`).toBe(file.audio.packets);
  // To the sample: containers round times to their timescale. ffprobe's own start_time is a guess from a window.
  const [first] = await commands.packets(file.key, 'a');
  expect(first?.pts, `${file.key} audio start`).toBeCloseTo(file.audio.startTime, 3);
};

/**
 * Each file is sound, is what the manifest says, and ends where the next begins.
 *
 * @param unsteady the source's frames come at uneven times.
 */
export const checkFiles = async (recording: Recording, unsteady = false): Promise<void> => {
  expect(recording.state).toBe('complete');
  for (const [i, file] of recording.files.entries()) {
    const seen = await commands.inspect(file.key, unsteady);
    expect(seen.errors, file.key).toBe('');
    expect(seen.sha256, `${file.key} sha256`).toBe(file.sha256);
    expect(seen.bytes, `${file.key} bytes`).toBe(file.bytes);
    await checkVideo(file, seen);
    await checkAudio(file, seen);
    const next = recording.files[i + 1];
    if (next)
      expect(Math.round((file.startTime + file.duration) * 1e6)).toBe(Math.round(next.startTime * 1e6));
  }
};

/** The counters that were fed are in the files, each once, in order. */
export const checkCounters = async (recording: Recording, fed: number): Promise<number[][]> => {
  const found: number[][] = [];
  for (const { key, video } of recording.files) {
    if (video) found.push(await commands.counters(key, video.codedWidth, video.codedHeight));
  }
  expect(found.flat()).toEqual(range(0, fed));
  return found;
};
