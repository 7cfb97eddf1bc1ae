/** What a recording leaves on a device is read by whatever version of this comes next: none of its names may be shortened by the build. */
import { afterEach, expect, it, vi } from 'vitest';
import { INTERNAL } from '../../scripts/vite/squeeze.mjs';
import { type DeviceConfig, device } from '../../src/index.ts';
import { decodeRecords } from '../../src/journal/records.ts';
import { TAIL_NAMES } from '../../src/journal/tail.ts';
import { resolveOptions } from '../../src/options.ts';
import { Asks } from '../../src/worker/asks.ts';
import type { FromWorker } from '../../src/worker/protocol.ts';
import { Session } from '../../src/worker/session.ts';
import type { OpenTracks } from '../../src/worker/session-tracks.ts';
import { MemoryOpfs } from '../support/memory-opfs.ts';
import { videoSource } from './cut-kit.ts';
import { ID } from './server-kit.ts';

afterEach(() => vi.unstubAllGlobals());

const FRAME = 40_000;
const CONFIG: VideoDecoderConfig = { codec: 'vp8', codedWidth: 640, codedHeight: 360 };
const AUDIO: AudioDecoderConfig = {
  ...{ codec: 'opus', sampleRate: 48_000, numberOfChannels: 2 },
  description: Uint8Array.from('OpusHead', letter => letter.charCodeAt(0)),
};

/** Two files, of which the second is not finished; both with a picture and sound. */
const openTracks: OpenTracks = ({ files, keeper }) => {
  const source = { sampleRate: 48_000, numberOfChannels: 2 };
  files.announceAudio(1, { family: 'opus', config: AUDIO, continued: AUDIO, source });
  for (const startTime of [0, 4_000_000]) {
    const video = { source: videoSource(), family: 'vp8' as const, frameRate: 25 };
    const reason = startTime === 0 ? 'start' : 'video-size';
    const file = files.begin({ reason, startTime, video, audioEpoch: 1 });
    for (let i = 0; i < 90; i++) {
      const timestamp = startTime + i * FRAME;
      const type = i % 25 === 0 ? 'key' : 'delta';
      file.addVideo({ data: new Uint8Array(100), timestamp, type }, i === 0 ? CONFIG : undefined);
      files.routeAudio(1, { data: new Uint8Array(20), timestamp, duration: FRAME });
    }
    if (startTime > 0) continue;
    file.endTime = 4_000_000;
    file.endVideo();
  }
  keeper.note({ time: 5, type: 'sleep', duration: 1 });
  const nothing = (): void => undefined;
  return {
    ...{
      duration: 8,
      endTime: 8_000_000,
      pause: nothing,
      resume: nothing,
      keyFrameAt: nothing,
      cancel: nothing,
    },
    ...{ replace: async () => undefined, stop: async () => undefined },
  };
};

const namesIn = (value: unknown, names = new Set<string>()): Set<string> => {
  if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value))
    for (const [name, inner] of Object.entries(value)) {
      names.add(name);
      namesIn(inner, names);
    }
  return names;
};

it('holds for all files of a journal', async () => {
  const disk = new MemoryOpfs();
  vi.stubGlobal('navigator', { storage: disk.storage });
  const send = (_: FromWorker): void => undefined;
  const setup = {
    ...{ recordingId: ID, startedAt: '2024-05-01T10:00:00.000Z', options: resolveOptions({}) },
    ...{ storage: device().config as DeviceConfig, video: undefined, audio: undefined },
    ...{ aacEncoderUrl: 'none', extrasUrl: 'none', after: undefined },
  };
  const session = await Session.open(setup, new Asks(send), send, openTracks);
  const names = new Set<string>();
  await vi.waitFor(() => {
    for (const path of disk.paths) {
      const bytes = disk.read(path) ?? new Uint8Array();
      if (TAIL_NAMES.some(name => path.endsWith(name))) namesIn(decodeRecords(bytes)?.records, names);
      else if (path.endsWith('.json')) namesIn(JSON.parse(new TextDecoder().decode(bytes)), names);
    }
    const expected = ['counts', 'writer', 'sha256', 'sealed', 'packets', 'type', 'events'];
    for (const name of expected) expect([...names]).toContain(name);
  });
  expect(INTERNAL.filter(name => names.has(name))).toEqual([]);
  expect([...names]).toEqual(expect.arrayContaining(['largestPacket', 'leftOut', 'frameBefore']));
  await session?.abort();
});
