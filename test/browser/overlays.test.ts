/** Overlays: in the recorded frames where and when they were set, and nowhere else. */
import { type Overlay, Recorder, type Recording, tap, tus } from 'steadyreel';
import { expect, inject, test } from 'vitest';
import { commands } from 'vitest/browser';
import { connect, connection, movingPicture } from './support/call.ts';
import { checkCounters, checkFiles } from './support/check.ts';
import { BT709_FULL, received, VideoSource } from './support/source.ts';

const onServer = () => tus({ endpoint: inject('endpoint') });

/** A picture of one colour. */
const paint = (color: string, width = 64, height = 64): HTMLCanvasElement => {
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  context.fillStyle = color;
  context.fillRect(0, 0, width, height);
  return canvas;
};

const file = async (canvas: HTMLCanvasElement): Promise<Blob> =>
  new Promise((resolve, reject) =>
    canvas.toBlob(blob => (blob ? resolve(blob) : reject(new Error('no picture'))), 'image/png'),
  );

/** A stream of frames of one colour. */
class Guest {
  readonly source = new VideoSource();
  show(color: string): Promise<void> {
    return this.source.feedFrames(1, timestamp => new VideoFrame(paint(color, 320, 180), { timestamp }));
  }
}

/** Below the counter that is painted into each frame: five places in a row, and what is seen of one in its middle. */
const PLACES = [0.02, 0.22, 0.42, 0.62, 0.82].map(x => ({ x, y: 0.45, width: 0.16, height: 0.3 }));
const MIDDLES = PLACES.map(({ x, y, width, height }) => ({
  ...{ x: x + width / 4, y: y + height / 4, width: width / 2, height: height / 2 },
}));

const HTML = '<style>p { height: 999px; margin: 0; background: blue }</style><p></p>';

/** What a colour is called that an encoder has been at. */
const nameOf = ([red = 0, green = 0, blue = 0]: number[]): string => {
  const parts = [red, green, blue].map(value => (value > 175 ? 'X' : value < 80 ? '-' : '?')).join('');
  const names: Record<string, string> = {
    'X--': 'red',
    '-X-': 'green',
    '--X': 'blue',
    'XX-': 'yellow',
    'X-X': 'magenta',
  };
  return names[parts] ?? 'none';
};

/** The colours in the middles of the places, for runs of frames that look the same. */
const seenIn = async (recording: Recording): Promise<[frames: number, ...colors: string[]][]> => {
  const runs: [number, ...string[]][] = [];
  for (const { key } of recording.files) {
    for (const colors of await commands.regionColors(key, MIDDLES)) {
      const names = colors.map(nameOf);
      const last = runs.at(-1);
      if (last && names.every((name, i) => name === last[i + 1])) last[0]++;
      else runs.push([1, ...names]);
    }
  }
  return runs;
};

test.concurrent('each kind, shown, changed, hidden and taken away on the running recording', async () => {
  const [video, guest] = [new VideoSource(), new Guest()];
  const element = document.createElement('div');
  element.innerHTML = '<style>.score { height: 90px; background: yellow }</style><div class="score"></div>';
  element.style.width = '160px';
  document.body.append(element);
  const recorder = new Recorder(new MediaStream([video.track]), { storage: onServer() });
  const warnings: [string, string | undefined][] = [];
  recorder.on('warning', ({ code, error }) =>
    warnings.push([code, (error as { overlay?: string })?.overlay]),
  );
  await recorder.start();
  let frames = 0;
  const feed = async (count: number): Promise<void> => {
    await video.feed(count);
    frames += count;
    await received(recorder, frames);
  };
  await feed(10);

  const fill = { fit: 'fill' } as const;
  const { height: _, ...textPlace } = PLACES[4] ?? {};
  const list: Overlay[] = [
    { id: 'logo', type: 'image', image: await file(paint('red')), ...PLACES[0], ...fill },
    { id: 'no-picture', type: 'image', image: new Blob(['no picture'], { type: 'image/png' }) },
    { id: 'guest', type: 'stream', stream: new MediaStream([guest.source.track]), ...PLACES[1] },
    { id: 'no-stream', type: 'stream', stream: new MediaStream() },
    { id: 'outside', type: 'html', html: '<img src="https://example.com/a.png">' },
    { id: 'html', type: 'html', html: HTML, ...PLACES[2], ...fill },
    { id: 'element', type: 'html', html: element, rate: 10, ...PLACES[3], ...fill },
    // Text is as high as its lines.
    {
      id: 'text',
      type: 'text',
      text: 'MMMMM\n\n\n\nMMMMM',
      background: 'magenta',
      color: 'magenta',
      ...textPlace,
    },
  ];
  await recorder.overlays.set(list);
  expect(recorder.overlays.list).toEqual(list);
  // The recording's worker has it once the next one can be written.
  for (let i = 0; i < 3; i++) await guest.show('#0f0');
  await feed(10);

  await recorder.overlays.hide('logo');
  await feed(10);

  await recorder.overlays.update('text', { background: 'blue', color: 'blue' });
  await recorder.overlays.show('logo');
  await feed(10);

  await recorder.overlays.set([]);
  await feed(10);
  const recording = await recorder.stop();
  element.remove();

  expect(await seenIn(recording)).toEqual([
    [10, 'none', 'none', 'none', 'none', 'none'],
    [10, 'red', 'green', 'blue', 'yellow', 'magenta'],
    [10, 'none', 'green', 'blue', 'yellow', 'magenta'],
    [10, 'red', 'green', 'blue', 'yellow', 'blue'],
    [10, 'none', 'none', 'none', 'none', 'none'],
  ]);
  expect(recording.files).toHaveLength(1);
  expect(recording.kind).toBe('composited');
  const all = ['logo', 'guest', 'html', 'element', 'text'];
  expect(recording.events.filter(event => event.type === 'overlays')).toEqual([
    { time: 0.333333, type: 'overlays', ids: all },
    { time: 0.666667, type: 'overlays', ids: all.slice(1) },
    { time: 1, type: 'overlays', ids: all },
    { time: 1.333333, type: 'overlays', ids: [] },
  ]);
  await checkFiles(recording);
  await checkCounters(recording, 50);
  expect(warnings.filter(([code]) => code === 'overlay-failed').sort()).toEqual([
    ['overlay-failed', 'no-picture'],
    ['overlay-failed', 'no-stream'],
    ['overlay-failed', 'outside'],
  ]);
});

test.concurrent('set before the start: from the first frame on, in the place where viewers see it, of a turned picture in full range', async () => {
  const [video, guest] = [new VideoSource(), new Guest()];
  const look = { width: 1280, height: 720, rotation: 90, format: 'NV12', colorSpace: BT709_FULL } as const;
  const recorder = new Recorder(new MediaStream([video.track]), { storage: onServer() });
  const warnings: string[] = [];
  recorder.on('warning', ({ code }) => warnings.push(code));
  // The counter is at the right, as it is shown.
  const low = { y: 0.95, width: 0.25, height: 0.2 };
  const stream = new MediaStream([guest.source.track]);
  await recorder.overlays.set([
    { type: 'image', image: paint('red'), ...low, x: 0.65, anchor: 'bottom-right', fit: 'fill' },
    { type: 'stream', stream, ...low, x: 0.08, anchor: 'bottom-left' },
    {
      type: 'clock',
      shows: 'elapsed',
      x: 0.3,
      y: 0.5,
      anchor: 'center',
      color: 'black',
      background: 'yellow',
    },
  ]);
  await recorder.start();
  const show = async (color: string, count: number): Promise<void> => {
    for (let i = 0; i < count; i++) await guest.show(color);
  };
  // The recording's worker has what is shown once the next one can be written.
  await show('#0f0', 3);
  await Promise.all([video.feed(20, look), show('#0f0', 20)]);
  await received(recorder, 20);
  await show('#00f', 3);
  await Promise.all([video.feed(25, look), show('#00f', 25)]);
  await received(recorder, 45);
  const recording = await recorder.stop();

  // Nothing of it is cut, repaired or left out.
  expect(recording.files).toHaveLength(1);
  expect(recording.files[0]?.video).toMatchObject({
    codedWidth: 1280,
    codedHeight: 720,
    rotation: 90,
    colorSpace: BT709_FULL,
  });
  expect(recorder.stats).toMatchObject({
    framesIn: 45,
    framesEncoded: 45,
    framesDropped: 0,
    framesFitted: 0,
  });
  expect(warnings).toEqual([]);
  expect(recording.kind).toBe('composited');
  await checkFiles(recording);
  const { key } = recording.files[0] ?? { key: '' };
  expect(await commands.counters(key, 1280, 720)).toEqual(Array.from({ length: 45 }, (_, i) => i));
  const within = { y: 0.78, width: 0.2, height: 0.15 };
  const colors = await commands.regionColors(key, [
    { ...within, x: 0.42 },
    { ...within, x: 0.1 },
    // Its last digit.
    { x: 0.395, y: 0.48, width: 0.05, height: 0.04 },
  ]);
  expect(new Set(colors.map(([right]) => nameOf(right ?? [])))).toEqual(new Set(['red']));
  const guests = colors.map(([, left]) => nameOf(left ?? []));
  expect([guests.at(5), guests.at(-1)]).toEqual(['green', 'blue']);
  // The clock goes on at the second, as frames come, and at no other frame.
  const ticks = colors.slice(1).flatMap(([, , clock], i) => {
    const before = colors[i]?.[2] ?? [];
    return clock?.some((value, c) => Math.abs(value - (before[c] ?? 0)) > 3) ? [i + 1] : [];
  });
  expect(ticks).toHaveLength(1);
  expect(Math.abs((ticks[0] ?? 0) - 30)).toBeLessThanOrEqual(3);
});

test.concurrent('ten seconds of 720p at 30 frames a second with a picture, a text and a clock: in every frame, and none is missing', async () => {
  const video = new VideoSource();
  const recorder = new Recorder(new MediaStream([video.track]), { storage: onServer() });
  const warnings: string[] = [];
  recorder.on('warning', ({ code }) => warnings.push(code));
  await recorder.overlays.set([
    { type: 'image', image: paint('red'), ...PLACES[0], fit: 'fill' },
    { type: 'text', text: 'MMMM', fontSize: 0.2, color: 'blue', background: 'blue', x: 0.22, y: 0.45 },
    {
      type: 'clock',
      shows: 'elapsed',
      fontSize: 0.2,
      color: 'yellow',
      background: 'yellow',
      x: 0.22,
      y: 0.72,
    },
  ]);
  await recorder.start();
  await video.feed(300, { width: 1280, height: 720 });
  await received(recorder, 300);
  const recording = await recorder.stop();
  const { framesIn, framesEncoded, framesDropped, framesRepeated, framesFitted } = recorder.stats;
  expect([framesIn, framesEncoded]).toEqual([300, 300]);
  expect([framesDropped, framesRepeated, framesFitted, ...warnings]).toEqual([0, 0, 0]);
  expect(recording.files).toHaveLength(1);
  await checkCounters(recording, 300);
  const { key } = recording.files[0] ?? { key: '' };
  const places = [
    ...MIDDLES.slice(0, 1),
    ...[0.47, 0.74].map(y => ({ x: 0.24, y, width: 0.1, height: 0.1 })),
  ];
  const seen = (await commands.regionColors(key, places)).map(colors => colors.map(nameOf).join());
  expect(seen).toEqual(Array.from({ length: 300 }, () => 'red,blue,yellow'));
});

test.concurrent('of a call: what comes encoded is left as it is, and says so; decoded, it shows them', async () => {
  const [caller, callee] = [connection(), tap(connection())];
  caller.addTrack(movingPicture(), new MediaStream());
  await connect(caller, callee);
  const made: { recorder: Recorder; warnings: string[] }[] = [];
  for (const record of ['auto', 'composited'] as const) {
    const options = { storage: onServer(), record, passthrough: { vp8: 'record' } } as const;
    const recorder = new Recorder(callee, options);
    const warnings: string[] = [];
    recorder.on('warning', ({ code }) => warnings.push(code));
    await recorder.overlays.set([
      { id: 'red', type: 'image', image: paint('red'), ...PLACES[0], fit: 'fill' },
    ]);
    await recorder.start();
    made.push({ recorder, warnings });
  }
  await Promise.all(made.map(({ recorder }) => received(recorder, 30)));
  const seen: string[][] = [];
  for (const { recorder } of made)
    seen.push((await seenIn(await recorder.stop())).map(([, color]) => color ?? ''));
  const [asItCame, decoded] = made;
  expect(asItCame?.recorder.recording).toMatchObject({ method: 'passthrough', kind: 'original' });
  expect(asItCame?.warnings).toContain('overlays-not-recorded');
  // All colours pass there.
  expect(new Set(seen[0]).size).toBeGreaterThan(1);
  expect(decoded?.recorder.recording).toMatchObject({ method: 'encoding', kind: 'composited' });
  expect(decoded?.warnings).not.toContain('overlays-not-recorded');
  expect([...new Set(seen[1])]).toEqual(['red']);
});

test.concurrent("record: 'original' never shows one, and says so", async () => {
  const video = new VideoSource();
  const recorder = new Recorder(new MediaStream([video.track]), { storage: onServer(), record: 'original' });
  const warnings: string[] = [];
  recorder.on('warning', ({ code }) => warnings.push(code));
  await recorder.start();
  await recorder.overlays.set([{ type: 'text', text: 'Hello', background: 'red', ...PLACES[0] }]);
  await video.feed(10);
  const recording = await recorder.stop();
  expect(warnings).toEqual(['overlays-not-recorded']);
  expect(recording.kind).toBe('original');
  expect(await seenIn(recording)).toEqual([[10, 'none', 'none', 'none', 'none', 'none']]);
  await expect(recorder.overlays.show('nobody')).rejects.toMatchObject({ code: 'option-invalid' });
});

test.concurrent('with a ring, they are drawn into what it keeps', async () => {
  const video = new VideoSource();
  const stream = new MediaStream([video.track]);
  const recorder = new Recorder(stream, { storage: onServer(), dvr: { seconds: 5 } });
  await recorder.overlays.set([
    { id: 'red', type: 'text', text: 'MMMMM\n\n\n\nMMMMM', background: 'red', color: 'red', ...PLACES[0] },
  ]);
  const fed = video.feed(60);
  await recorder.start();
  await fed;
  const recording = await recorder.stop();
  recorder.close();
  expect(recording.kind).toBe('composited');
  expect(recording.events).toContainEqual({ time: 0, type: 'overlays', ids: ['red'] });
  expect((await seenIn(recording)).map(([, ...colors]) => colors)).toEqual([
    ['red', 'none', 'none', 'none', 'none'],
  ]);
});

test.concurrent('an element is shown as it looks now, also when nobody looked at it before', async () => {
  const video = new VideoSource();
  const element = document.createElement('div');
  Object.assign(element.style, { width: '160px', height: '90px', background: 'red' });
  document.body.append(element);
  const recorder = new Recorder(new MediaStream([video.track]), { storage: onServer() });
  // It is looked at by itself long after all this.
  await recorder.overlays.set([
    { id: 'element', type: 'html', html: element, rate: 0.1, ...PLACES[0], fit: 'fill' },
  ]);
  element.style.background = 'yellow';
  await recorder.start();
  await video.feed(10);
  await received(recorder, 10);
  await recorder.overlays.hide('element');
  await video.feed(10);
  await received(recorder, 20);
  element.style.background = 'blue';
  await recorder.overlays.show('element');
  await video.feed(10);
  const recording = await recorder.stop();
  element.remove();
  expect((await seenIn(recording)).map(([frames, color]) => [frames, color])).toEqual([
    [10, 'yellow'],
    [10, 'none'],
    [10, 'blue'],
  ]);
});
