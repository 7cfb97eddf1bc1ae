/** Ten hours of packets through the decisions, the files and the muxer, as fast as they go. */
import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import type { RecordedFile } from '../../src/manifest.ts';
import { videoSource } from './cut-kit.ts';
import { type FileTrack, type FragmentSample, readFragments } from './mux-fragments.ts';
import { audioNumber, DELAY, Feed, frameTime, HOUR, type Scene, videoNumber } from './mux-soak-feed.ts';
import { avcDescription, usedMemory } from './mux-soak-kit.ts';

const HOURS = 10;
const SECOND = 1_000_000;
const MINUTE = 60 * SECOND;
const LIMITS = { minFileDuration: SECOND, maxFileDuration: 10 * MINUTE, maxFileBytes: Infinity };

const SMALL = videoSource({ width: 640, height: 480 });
const LARGE = videoSource({ width: 1280, height: 720 });
const TURNED = videoSource({ width: 1280, height: 720, rotation: 90 });
const STEREO = { sampleRate: 48_000, numberOfChannels: 2 };
const MONO = { sampleRate: 44_100, numberOfChannels: 1 };

/** Thirty changes in three seconds, while no file may be shorter than one. */
const STORM = Array.from({ length: 30 }, (_, i) => ({
  from: 2_000 * SECOND + i * 100_000,
  video: i % 2 === 0 ? SMALL : LARGE,
  audio: STEREO,
}));

/** Each hour is the same, so that what is in memory at its end can be compared. */
const SCENES: Scene[] = [
  { from: 0, video: SMALL, audio: STEREO },
  { from: 7 * MINUTE, video: LARGE, audio: STEREO },
  { from: 12 * MINUTE, video: TURNED, audio: STEREO },
  ...STORM,
  { from: 41 * MINUTE, video: LARGE, audio: MONO },
  { from: 52.5 * MINUTE, video: SMALL, audio: STEREO },
];

/** What was read back of a file, in the order in which the files were sealed. */
interface ReadFile {
  entry: RecordedFile;
  bytes: number;
  sha256: string;
  tracks: FileTrack[];
  /** Numbers of the first packets. */
  first: Record<'video' | 'audio', number>;
  /** The largest distance of a packet from the time that it was given, in ticks. */
  error: Record<'video' | 'audio', number>;
  /** What is not as it was fed. */
  faults: string[];
}

/** When a packet was said to begin, on the timeline. */
const fedTime = (kind: 'video' | 'audio', number: number): number =>
  kind === 'video' ? frameTime(number) : feed.audioTime(number);

/** Reads a file as soon as it is sealed, after which its bytes are gone. */
const readFile = (key: string, bytes: Buffer): ReadFile => {
  const entry = feed.keeper.manifest.files.find(file => file.key === key) as RecordedFile;
  const read = (offset: number, length: number): Buffer => bytes.subarray(offset, offset + length);
  const start = microseconds(entry.startTime);
  const end = start + microseconds(entry.duration);
  const [first, error] = [
    { video: -1, audio: -1 },
    { video: 0, audio: 0 },
  ];
  const faults: string[] = [];
  const onSample = (track: FileTrack, sample: FragmentSample): void => {
    const { kind } = track;
    const data = read(sample.offset, sample.size);
    const number = kind === 'video' ? videoNumber(data) : audioNumber(data);
    if (track.samples === 0) first[kind] = number;
    if (number !== first[kind] + track.samples) faults.push(`${kind} ${number} as sample ${track.samples}`);
    const fed = fedTime(kind, number);
    // The encoder's delay may lie before the file.
    if (fed < start - DELAY || fed >= end) faults.push(`${kind} ${number} of ${fed} µs`);
    const time = ((sample.time - track.leftOut) / track.timescale) * SECOND + start;
    const off = (Math.abs(time - fed) * track.timescale) / SECOND;
    error[kind] = Math.max(error[kind], off);
  };
  const { tracks } = readFragments(read, bytes.length, onSample);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { entry, bytes: bytes.length, sha256, tracks, first, error, faults };
};

const trackOf = (file: ReadFile | undefined, kind: 'video' | 'audio'): FileTrack =>
  file?.tracks.find(track => track.kind === kind) as FileTrack;

const sceneOf = (file: ReadFile): Scene =>
  SCENES.findLast(({ from }) => from <= microseconds(file.entry.startTime) % HOUR) as Scene;

const microseconds = (seconds: number): number => Math.round(seconds * SECOND);

let feed: Feed;
const files: ReadFile[] = [];
const memory: number[] = [];

beforeAll(async () => {
  feed = new Feed(SCENES, LIMITS, (key, bytes) => void files.push(readFile(key, bytes)));
  await feed.record(HOURS, async () => void memory.push(await usedMemory()));
  files.sort((a, b) => a.entry.index - b.entry.index);
}, 180_000);

describe('ten hours of packets', () => {
  it('go through without a word', () => {
    expect(feed.failures).toEqual([]);
    expect([feed.frames, feed.audioPackets > HOURS * 180_000]).toEqual([HOURS * 108_000, true]);
  });

  it.each(['video', 'audio'] as const)('are each in one file, in order: %s', kind => {
    let next = 0;
    for (const file of files) {
      expect([file.first[kind], file.faults]).toEqual([next, []]);
      next += trackOf(file, kind).samples;
    }
    expect(next).toBe(kind === 'video' ? feed.frames : feed.audioPackets);
  });

  it('begin when they were said to, as exactly as the tracks can say it', () => {
    for (const { error } of files) {
      expect(error.video).toBeLessThan(0.51);
      expect(error.audio).toBeLessThan(0.51);
    }
  });

  it('hold no memory: after ten hours no more is in use than after one', () => {
    const [afterAnHour = 0, ...later] = memory;
    expect(later).toHaveLength(HOURS - 1);
    for (const bytes of later) expect(bytes - afterAnHour).toBeLessThan(2_000_000);
  });
});

describe('the files of ten hours', () => {
  it('are cut for each change of the source, if old enough, and after ten minutes', () => {
    const reasons: Record<string, number> = {};
    for (const { entry } of files) reasons[entry.reason] = (reasons[entry.reason] ?? 0) + 1;
    expect(reasons).toEqual({
      start: 1,
      // Four of them in the storm.
      'video-size': 6 * HOURS,
      'video-rotation': HOURS,
      'audio-sample-rate': HOURS,
      'max-duration': 4 * HOURS - 1,
    });
    expect(feed.fitted).toBe(48 * HOURS);
    expect(feed.stats.cuts).toBe(files.length - 1);
  });

  it('follow each other to the microsecond, and are no longer than asked', () => {
    let end = 0;
    for (const { entry } of files) {
      expect(microseconds(entry.startTime)).toBe(end);
      expect(microseconds(entry.duration)).toBeLessThanOrEqual(LIMITS.maxFileDuration + 500);
      end += microseconds(entry.duration);
    }
    expect(end).toBe(HOURS * HOUR);
    expect(feed.keeper.manifest.duration).toBe((HOURS * HOUR) / SECOND);
  });

  it('end where the manifest says', () => {
    for (const file of files) {
      const { end, timescale } = trackOf(file, 'video');
      expect(Math.abs(end - file.entry.duration * timescale)).toBeLessThan(1);
    }
  });

  it('have each what the source was when they began, and nothing else', () => {
    let before: Scene | undefined;
    for (const file of files) {
      const scene = sceneOf(file);
      const { width, height } = scene.video;
      const video = trackOf(file, 'video');
      expect(video.picture).toEqual({ width, height });
      expect(video.description).toEqual(Buffer.from(avcDescription(width, height)));
      expect(file.entry.video?.rotation).toBe(scene.video.rotation);
      const { sampleRate, numberOfChannels } = scene.audio;
      const audio = trackOf(file, 'audio').description;
      // Only where the encoder begins there is a delay to leave out.
      const delay = before?.audio.sampleRate === sampleRate ? 0 : 312;
      expect([audio[1], audio.readUInt16BE(2), audio.readUInt32BE(4)]).toEqual([
        numberOfChannels,
        delay,
        sampleRate,
      ]);
      before = scene;
    }
  });

  it('are what the manifest says of them', () => {
    for (const { entry, bytes, sha256, tracks } of files) {
      expect(tracks.map(({ kind, samples }) => [kind, samples])).toEqual([
        ['video', entry.video?.frames],
        ['audio', entry.audio?.packets],
      ]);
      expect([entry.bytes, entry.sha256]).toEqual([bytes, sha256]);
    }
    expect(feed.files.recordedBytes).toBe(files.reduce((sum, { bytes }) => sum + bytes, 0));
  });
});
