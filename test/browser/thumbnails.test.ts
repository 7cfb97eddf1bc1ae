/** Thumbnails of whole recordings: what lies in storage, decoded by ffmpeg. */
import { Recorder, type Recording, type RecordingThumbnails, type Storage, tus } from 'steadyreel';
import { expect, inject, test } from 'vitest';
import { commands } from 'vitest/browser';
import { checkCounters, checkFiles } from './support/check.ts';
import { VideoSource } from './support/source.ts';

/** A picture of two seconds upright, and of two that lies on its side and is to be turned. */
const record = async (storage: Storage) => {
  const source = new VideoSource();
  const recorder = new Recorder(new MediaStream([source.track]), {
    storage,
    thumbnails: { interval: 1 },
  });
  const warnings: string[] = [];
  recorder.on('warning', ({ code }) => warnings.push(code));
  await recorder.start();
  await source.feed(60, { width: 640, height: 360 });
  await source.feed(60, { width: 480, height: 360, rotation: 90 });
  return { recording: await recorder.stop(), warnings };
};

const thumbnailsOf = ({ thumbnails }: Recording): RecordingThumbnails => {
  if (!thumbnails) throw new Error('the manifest has no thumbnails');
  return thumbnails;
};

/** The time of each frame on the timeline, by its counter. */
const timesOf = async (recording: Recording): Promise<number[]> => {
  const times: number[] = [];
  for (const { key, startTime } of recording.files)
    for (const { pts } of await commands.packets(key, 'v')) times.push(startTime + pts);
  return times;
};

/** `[start, end, sheet, x, y, width, height]` of each cue, as the browser's own parser reads them. */
const cuesOf = async (vtt: Blob): Promise<(number | string)[][]> => {
  const track = document.createElement('track');
  const video = document.createElement('video');
  video.append(track);
  track.kind = 'metadata';
  track.track.mode = 'hidden';
  const url = URL.createObjectURL(vtt);
  await new Promise((resolve, reject) => {
    track.onload = resolve;
    track.onerror = reject;
    track.src = url;
  });
  URL.revokeObjectURL(url);
  return [...(track.track.cues ?? [])].map(cue => {
    const { text } = cue as VTTCue;
    const [, sheet = '', ...box] = /^([\w-]+\.jpg)#xywh=(\d+),(\d+),(\d+),(\d+)$/.exec(text) ?? [];
    return [cue.startTime, cue.endTime, sheet, ...box.map(Number)];
  });
};

test.concurrent('each second a picture of the right frame, upright, and as a tile of a sheet', async () => {
  const storage = tus({ endpoint: inject('endpoint') });
  const { recording, warnings } = await record(storage);
  expect(warnings).toEqual([]);
  await checkFiles(recording);
  await checkCounters(recording, 120);
  expect(await storage.list().then(all => all.find(({ id }) => id === recording.id))).toEqual(recording);
  const { items, sprites, tile, vtt = '', interval, leftOut } = thumbnailsOf(recording);
  expect({ interval, leftOut, tile }).toEqual({
    interval: 1,
    leftOut: 0,
    tile: { width: 160, height: 90, columns: 5, rows: 5 },
  });
  expect(items.map(({ time }) => Math.floor(time))).toEqual([0, 1, 2, 3]);
  expect(items.map(({ width, height }) => `${width}x${height}`)).toEqual([
    ...['320x180', '320x180'],
    ...['320x427', '320x427'],
  ]);

  // The counter in a picture is that of the frame whose time it has.
  const times = await timesOf(recording);
  for (const { key, time, width, height } of items) {
    const [counter = -1] = await commands.counters(key, width, height);
    expect(times[counter], `${key} shows frame ${counter}`).toBeCloseTo(time, 3);
    const [file, frame] = counter < 60 ? [recording.files[0], counter] : [recording.files[1], counter - 60];
    const shown = { key: file?.key ?? '', frame };
    expect(await commands.pictureDifference(shown, { key }, width, height), key).toBeLessThan(6);
  }

  const [sheet] = sprites;
  expect(sprites).toEqual([{ key: sheet?.key, startTime: 0, tiles: 4 }]);
  const index = await storage.read(vtt);
  expect(index.type).toMatch(/^text\/vtt/);
  const cues = await cuesOf(index);
  const tileDifference = (place: number, item: number): Promise<number> => {
    const part = { x: 160 * place, y: 0, width: 160, height: 90 };
    const picture = { key: items[item]?.key ?? '' };
    return commands.pictureDifference({ key: sheet?.key ?? '', part }, picture, 160, 90);
  };
  for (const [i, [start, end, name, x, y, width, height]] of cues.entries()) {
    expect(start).toBeCloseTo(items[i]?.time ?? -1, 3);
    expect(end).toBeCloseTo(items[i + 1]?.time ?? recording.duration, 3);
    expect([name, x, y, width, height]).toEqual(['sprite-0001.jpg', 160 * i, 0, 160, 90]);
    expect(await tileDifference(i, i), `tile ${i}`).toBeLessThan(6);
  }
  expect(cues).toHaveLength(4);
  // Another one would not do.
  expect(await tileDifference(1, 0)).toBeGreaterThan(12);
});

test.concurrent('a storage that wants none gets the recording, whole, and the manifest names none', async () => {
  const storage = tus({ endpoint: inject('filesEndpoint') });
  const { recording, warnings } = await record(storage);
  await checkFiles(recording);
  await checkCounters(recording, 120);
  const { items, sprites, vtt, leftOut } = thumbnailsOf(recording);
  expect({ items, sprites, vtt }).toEqual({ items: [], sprites: [], vtt: undefined });
  expect(leftOut).toBeGreaterThanOrEqual(3);
  expect(new Set(warnings)).toEqual(new Set(['thumbnails-left-out']));
});

test.concurrent('a recording that is thrown away leaves none', async () => {
  const storage = tus({ endpoint: inject('endpoint') });
  const source = new VideoSource();
  const recorder = new Recorder(new MediaStream([source.track]), { storage, thumbnails: { interval: 1 } });
  const named = new Promise<string>(resolve => {
    recorder.on('recording', ({ recording }) => {
      const [first] = recording.thumbnails?.items ?? [];
      if (first) resolve(first.key);
    });
  });
  await recorder.start();
  const feeding = source.feed(45);
  const key = await named;
  expect(await commands.exists(key)).toBe(true);
  await feeding;
  await recorder.abort();
  expect(await commands.exists(key)).toBe(false);
  await expect(storage.read(key)).rejects.toMatchObject({ code: 'storage-not-found' });
});

test.concurrent('a clip has them too: of its key frames, turned as the file says', async () => {
  const source = new VideoSource();
  const recorder = new Recorder(new MediaStream([source.track]), {
    ...{ storage: tus({ endpoint: inject('endpoint') }), dvr: { seconds: 60 } },
    ...{ video: { keyFrameInterval: 60 }, cut: { minFileDuration: 0 }, thumbnails: { interval: 1 } },
  });
  const end = (): number => recorder.dvr?.end ?? 0;
  while (end() < 1.1) await source.feed(1);
  const turned = end() + 0.5;
  while (end() < turned) await source.feed(1, { rotation: 270, flip: true });
  // Of a clip of what was, all key frames come at once.
  const clip = await recorder.clip({ seconds: 60 });
  recorder.close();
  expect(clip.files.map(({ reason }) => reason)).toEqual(['start', 'video-rotation']);
  const { items } = thumbnailsOf(clip);
  expect(items.map(({ width, height }) => `${width}x${height}`)).toEqual(['320x180', '320x569']);
  for (const [i, { key, time, width, height }] of items.entries()) {
    const file = clip.files[i];
    expect(time).toBeCloseTo(file?.startTime ?? -1, 6);
    const shown = { key: file?.key ?? '', frame: 0 };
    expect(await commands.pictureDifference(shown, { key }, width, height), key).toBeLessThan(6);
  }
});
