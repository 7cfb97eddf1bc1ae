/** Faults that were found once, and must not come back. */
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { remix } from '../../src/compose/audio-fit.ts';
import { codecStrings } from '../../src/encode/codecs.ts';
import type { Told } from '../../src/events.ts';
import { checkManifest } from '../../src/manifest.ts';
import { AudioClock } from '../../src/source/audio-clock.ts';
import { PauseGate } from '../../src/source/pause-gate.ts';
import { VideoClock } from '../../src/source/video-clock.ts';
import { Warnings } from '../../src/worker/warnings.ts';
import { findBoxes } from '../support/boxes.ts';
import { type Clip, makeClip, UPRIGHT, Written } from './mux-kit.ts';
import { ID, manifest } from './server-kit.ts';
import { growingFile } from './storage-kit.ts';

const PIECE = 10_000;

describe('AudioClock: timestamps that wobble by up to 20 ms', () => {
  it('do not drift', () => {
    let seed = 1;
    const random = () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
    const clock = new AudioClock();
    let worst = 0;
    for (let i = 0; i < 6_000; i++) {
      const wobble = Math.round((random() - 0.5) * 40_000);
      const unwrapped = clock.observe(i * PIECE + wobble, (i + 1) * PIECE + random() * 10_000, PIECE);
      worst = Math.max(worst, Math.abs(unwrapped - i * PIECE));
    }
    expect(worst).toBeLessThanOrEqual(40_000);
  });
  it('a single piece that runs back by a millisecond shifts nothing', () => {
    const clock = new AudioClock();
    const at = [0, 10_000, 9_000, 30_000, 40_000, 50_000];
    const got = at.map((t, i) => clock.observe(t, (i + 1) * PIECE, PIECE));
    expect(got.at(-1)).toBe(50_000);
  });
});

describe('pause, resume, and then a clock that runs back', () => {
  const STEP = 33_333;
  /** Ten seconds of frames, then a pause of a hundred frames; gives what takes further ones. */
  const pausedOnce = (): ((timestamp: number, arrival: number) => boolean) => {
    const clock = new VideoClock();
    const gate = new PauseGate();
    const push = (timestamp: number, arrival: number): boolean => {
      if (!gate.open(clock.timeOf(timestamp))) return false;
      clock.map(timestamp, arrival);
      return true;
    };
    for (let i = 0; i < 300; i++) push(i * STEP, i * STEP);
    gate.pause(300 * STEP);
    clock.moveBack(gate.resume(400 * STEP));
    return push;
  };
  it('by a minute: video goes on', () => {
    const push = pausedOnce();
    for (let i = 400; i < 450; i++) expect(push(i * STEP, i * STEP)).toBe(true);
    let taken = 0;
    for (let i = 450; i < 500; i++) if (push(i * STEP - 60e6, i * STEP)) taken++;
    expect(taken).toBe(50);
  });
  it('during the pause: video goes on', () => {
    const push = pausedOnce();
    let taken = 0;
    for (let i = 400; i < 500; i++) if (push(i * STEP - 60e6, i * STEP)) taken++;
    expect(taken).toBeGreaterThan(95);
  });
});

describe('Mp4Writer', () => {
  let clip: Clip;
  beforeAll(async () => {
    clip = await makeClip('opus');
  });
  const moofs = (w: Written): number => findBoxes(w.bytes, ['moof']).length;

  it('audio that ended before the first frame came holds nothing back', async () => {
    const written = new Written({ video: UPRIGHT, audio: true });
    written.addAudio(clip, clip.audio.slice(0, 5));
    written.writer.closeAudio();
    written.addVideo(clip);
    await vi.waitUntil(() => moofs(written) >= 2);
    await written.finish(clip.videoEnd);
    expect(moofs(written)).toBe(3);
  });
  it('video that ended before the first audio came holds nothing back', async () => {
    const written = new Written({ video: UPRIGHT, audio: true });
    written.addVideo(clip, clip.video.slice(0, 5));
    written.writer.closeVideo(200_000);
    written.addAudio(clip);
    await vi.waitUntil(() => moofs(written) >= 2);
    await written.finish(clip.videoEnd);
  });
  it('a packet that comes after cancel() is no exception', async () => {
    const written = new Written({ video: UPRIGHT, audio: true });
    written.addVideo(clip, clip.video.slice(0, 10));
    written.addAudio(clip, clip.audio.slice(0, 10));
    written.writer.cancel();
    expect(() => written.addVideo(clip, clip.video.slice(10, 12))).not.toThrow();
    expect(() => written.addAudio(clip, clip.audio.slice(10, 12))).not.toThrow();
    expect(() => written.writer.closeVideo(1)).not.toThrow();
  });
});

describe('Warnings', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());
  const listen = () => {
    const told: (Told<'warning'> & { at: number })[] = [];
    const began = performance.now();
    const warnings = new Warnings(warning => told.push({ ...warning, at: performance.now() - began }));
    return { warnings, told };
  };
  it('never tells an older one after a newer one', () => {
    const { warnings, told } = listen();
    warnings.warn('frames-dropped', 'one');
    vi.advanceTimersByTime(100);
    warnings.warn('frames-dropped', 'two');
    vi.advanceTimersByTime(950);
    warnings.warn('frames-dropped', 'three');
    vi.advanceTimersByTime(5_000);
    expect(told.map(({ count }) => count)).toEqual([1, 2, 3]);
  });
  it('tells each code at most once a second', () => {
    const { warnings, told } = listen();
    warnings.warn('audio-gap', 'a1');
    warnings.warn('audio-gap', 'a2');
    vi.advanceTimersByTime(900);
    warnings.warn('audio-overlap', 'b1');
    warnings.warn('audio-overlap', 'b2');
    vi.advanceTimersByTime(5_000);
    const at = told.filter(({ code }) => code === 'audio-overlap').map(warning => warning.at);
    expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(1_000);
  });
});

describe('levels', () => {
  const avc = (width: number, height: number, frameRate: number, bitrate: number): string[] =>
    codecStrings('avc', { width, height, frameRate }, bitrate);
  it('AVC 4.1 is there: 1080p30 at 40 Mbit/s', () => {
    expect(avc(1920, 1080, 30, 40_000_000)[0]).toBe('avc1.640029');
  });
  it('AVC Main and Baseline hold 4/5 of the bits of High: 720p30 at 16 Mbit/s', () => {
    expect(avc(1280, 720, 30, 16_000_000)).toEqual(['avc1.64001f', 'avc1.4d0020', 'avc1.42e020']);
  });
  it('AVC: no side is longer than sqrt(8 * MaxFS) macroblocks (A.3.1): 4096x64', () => {
    // 256 macroblocks wide: 65536 / 8 = 8192 of them at least, which level 4 has.
    expect(avc(4096, 64, 30, 500_000)[0]).toBe('avc1.640028');
  });
  it('VP9: no side is longer than the level has: 4096x64 needs level 4 (4160)', () => {
    expect(codecStrings('vp9', { width: 4096, height: 64, frameRate: 30 }, 500_000)).toEqual([
      'vp09.00.40.08',
    ]);
  });
  it('AV1: no side is longer than the level has: 4096x64 needs level 3.0 (4352)', () => {
    expect(codecStrings('av1', { width: 4096, height: 64, frameRate: 30 }, 500_000)).toEqual([
      'av01.0.04M.08',
    ]);
  });
  it('HEVC: 4K at 5 frames a second does not fit into level 4 (2,228,224 samples)', () => {
    expect(codecStrings('hevc', { width: 3840, height: 2160, frameRate: 5 }, 5_000_000)).toEqual([
      'hvc1.1.6.L150.B0',
    ]);
  });
});

describe('checkManifest', () => {
  const wrong = expect.objectContaining({ code: 'manifest-invalid' });
  it('a key that is no text', () => {
    expect(() => checkManifest({ ...manifest(ID), files: [{ key: 5 }] })).toThrow(wrong);
  });
  it('the manifest as one of its files', () => {
    const files = [{ key: `recordings/${ID}/manifest.json` }];
    expect(() => checkManifest({ ...manifest(ID), files })).toThrow(wrong);
  });
  it.each(['duration', 'metadata', 'kind'])('no %s', name => {
    expect(() => checkManifest({ ...manifest(ID), [name]: undefined })).toThrow(wrong);
  });
  it.each(['index', 'startTime', 'duration', 'bytes', 'reason'])('a file without %s', name => {
    const files = manifest(ID).files.map(file => ({ ...file, [name]: undefined }));
    expect(() => checkManifest({ ...manifest(ID), files })).toThrow(wrong);
  });
});

describe('remix', () => {
  it('7.1 to stereo keeps the centre', () => {
    const planes = Array.from({ length: 8 }, (_, c) => Float32Array.of(c === 2 ? 1 : 0));
    expect(remix(planes, 2)[0]?.[0]).toBeGreaterThan(0.1);
  });
});

describe('GrowingFile', () => {
  it('sealed twice at once never rejects', async () => {
    const file = growingFile();
    await Promise.all([file.seal(), file.seal()]);
  });
});
