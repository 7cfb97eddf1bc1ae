/** Real packets of Opus: their durations, and what is put where some are missing. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input } from 'mediabunny';
import { expect, it } from 'vitest';
import { Mp4Writer } from '../../src/mux/mp4-writer.ts';
import { AudioSequence } from '../../src/passthrough/audio-sequence.ts';
import { opusConfig, opusDuration, silentPackets } from '../../src/passthrough/opus.ts';
import { run } from '../support/media.ts';

const inFolder = async <T>(work: (folder: string) => Promise<T>): Promise<T> => {
  const folder = await mkdtemp(join(tmpdir(), 'steadyreel-opus-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/** Packets of a second of a tone. */
const tone = (...options: string[]): Promise<Uint8Array[]> =>
  inFolder(async folder => {
    const path = join(folder, 'tone.ogg');
    const source = 'sine=frequency=440:sample_rate=48000:duration=1';
    const args = ['-v', 'error', '-f', 'lavfi', '-i', source, '-c:a', 'libopus', ...options, path];
    const { code, stderr } = await run('ffmpeg', args);
    if (code !== 0) throw new Error(stderr);
    const input = new Input({ formats: ALL_FORMATS, source: new BufferSource(await readFile(path)) });
    const track = await input.getPrimaryAudioTrack();
    if (!track) throw new Error('no track');
    const packets: Uint8Array[] = [];
    for await (const { data } of new EncodedPacketSink(track).packets()) packets.push(data);
    return packets;
  });

interface Piece {
  data: Uint8Array;
  time: number;
  duration: number;
}

/** Samples of the left channel after the project's own muxer and ffmpeg. */
const heard = (pieces: readonly Piece[]): Promise<Float32Array> =>
  inFolder(async folder => {
    const written: Uint8Array[] = [];
    const out = {
      onBytes: (bytes: Uint8Array) => written.push(bytes.slice()),
      onError: (error: unknown) => {
        throw error;
      },
    };
    const writer = new Mp4Writer(0, { video: undefined, audio: true }, out);
    for (const { data, time, duration } of pieces)
      writer.addAudio({ data, timestamp: time, duration }, opusConfig(), 'opus');
    writer.closeAudio();
    writer.finish();
    const path = join(folder, 'file.mp4');
    await writeFile(path, Buffer.concat(written));
    const args = ['-v', 'error', '-i', path, '-af', 'pan=mono|c0=c0', '-f', 'f32le', '-'];
    const { stdout, stderr } = await run('ffmpeg', args);
    if (stderr !== '') throw new Error(stderr);
    return new Float32Array(stdout.buffer.slice(stdout.byteOffset, stdout.byteOffset + stdout.byteLength));
  });

const loudness = (samples: Float32Array): number =>
  Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);

it.each([
  ['2.5', 'audio', '96k'],
  ['5', 'audio', '96k'],
  ['10', 'audio', '96k'],
  ['20', 'voip', '16k'],
  ['40', 'voip', '12k'],
  ['60', 'voip', '12k'],
  ['120', 'audio', '64k'],
])('packets of %s ms, %s at %s bit/s', async (duration, application, bitrate) => {
  const options = ['-frame_duration', duration, '-application', application, '-b:a', bitrate];
  const durations = (await tone(...options)).map(opusDuration);
  expect(new Set(durations)).toEqual(new Set([Number(duration) * 1_000]));
  expect(durations.length).toBeGreaterThanOrEqual(1_000 / Number(duration));
});

it('a gap is filled with silence: what comes after it is where it was, and nothing is heard in between', async () => {
  const packets = await tone('-ac', '1', '-b:a', '64k');
  const sequence = new AudioSequence();
  const arrivals = packets.map((data, i) => ({ data, time: i * 20_000, sequenceNumber: i }));
  const steps = arrivals.filter((_, i) => i < 10 || i >= 30).flatMap(arrival => sequence.take(arrival));
  const pieces = steps.flatMap(({ time, ...step }): Piece[] => {
    if (step.kind === 'packet') return [{ time, duration: step.duration, data: step.data }];
    let at = time;
    return silentPackets(step.duration).map(({ data, duration }) => {
      const piece = { data, duration, time: at };
      at += duration;
      return piece;
    });
  });
  const [whole, filled] = await Promise.all([
    heard(arrivals.map(one => ({ ...one, duration: 20_000 }))),
    heard(pieces),
  ]);
  expect(sequence.counts.lost).toBe(20);
  expect(filled.length).toBe(whole.length);
  // The decoder fades out and in over the packets at both ends.
  const between = (from: number, to: number): Float32Array => filled.subarray(from * 48, to * 48);
  expect(loudness(between(240, 580))).toBeLessThan(1e-4);
  expect(loudness(between(50, 180))).toBeGreaterThan(0.05);
  expect(loudness(between(700, 900))).toBeGreaterThan(0.05);
});

it('silence of each length that a packet has', async () => {
  for (const length of [2_500, 5_000, 10_000, 20_000]) {
    let time = 0;
    const pieces = Array.from({ length: 1_000_000 / length / 10 }, () => {
      const [{ data, duration } = { data: new Uint8Array(), duration: 0 }] = silentPackets(length);
      const piece = { data, duration, time };
      time += duration;
      return piece;
    });
    const samples = await heard(pieces);
    expect(samples.length).toBe(4_800);
    expect(loudness(samples)).toBeLessThan(1e-6);
  }
});
