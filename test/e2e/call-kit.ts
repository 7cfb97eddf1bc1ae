/** For tests of calls: a server with a page that calls itself, and what must hold of what is recorded of it. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '@playwright/test';
import { ALL_FORMATS, BufferSource, type EncodedPacket, EncodedPacketSink, Input } from 'mediabunny';
import type { Recording } from '../../src/manifest.ts';
import { splitAnnexB } from '../../src/passthrough/annex-b.ts';
import { splitObus } from '../../src/passthrough/obu.ts';
import { type StorageServer, serve } from '../../src/server/index.ts';
import { type CallBrowser, type CallBrowserName, type CallTab, launchForCalls } from '../support/browsers.ts';
import { bundlePage } from '../support/bundle.ts';
import type { LossyPath } from '../support/lossy-path.ts';
import { decodeErrors, run } from '../support/media.ts';
import type { CallPage } from './pages/tapped-call.ts';
import type { SharedBrowsers } from './shared-browsers.ts';

const DIST = join(import.meta.dirname, '..', '..', 'dist');
const HTML = '<!doctype html><script src="/steadyreel.iife.js"></script><script src="/page.js"></script>';

/** Notes every frame as it is, before anything else sees it, and hands it to a feed. */
const WITNESS = `
  import { feedFrames } from '/feed.js';
  const noted = [];
  const feeds = {};
  onmessage = ({ data }) => {
    if (data.feed) feeds[data.kind] = data.feed;
    if (!data.dump) return;
    const found = noted.filter(({ kind }) => kind === data.dump);
    postMessage(found, found.map(one => one.data));
  };
  const ask = transformer => {
    if (transformer.options.side === 'receiver') return transformer.sendKeyFrameRequest();
    return transformer.generateKeyFrame ? transformer.generateKeyFrame() : postMessage('key-frame');
  };
  onrtctransform = ({ transformer }) => {
    const { kind } = transformer.options;
    const hand = feedFrames(feeds[kind], { onKeyFrameRequest: () => ask(transformer) });
    transformer.readable.pipeThrough(new TransformStream({
      transform(frame, controller) {
        noted.push({ kind, rtpTimestamp: frame.getMetadata().rtpTimestamp, data: frame.data.slice(0) });
        hand(frame);
        controller.enqueue(frame);
      },
    })).pipeTo(transformer.writable).catch(() => undefined);
  };`;

/** A frame that the witness has seen. */
export interface Witnessed {
  rtpTimestamp: number;
  data: Uint8Array;
}

export interface StationOptions {
  /** Takes a tab of one of these. Default: a browser of its own, which can be killed. */
  browsers?: SharedBrowsers;
  /** What lies between both ends. */
  path?: LossyPath;
  /** Default: a page that calls itself. */
  page?: string;
  /** Answers requests of the page before anything else does. */
  answer?: (request: Request) => Promise<Response | undefined>;
}

/** @typeParam Page the functions of its page. */
export class CallStation<Page extends object = CallPage> {
  private constructor(
    private readonly server: StorageServer,
    private readonly name: CallBrowserName,
    /** Undefined: the tab is in one that others use as well. */
    private own: CallBrowser | undefined,
    private tab: CallTab,
    readonly folder: string,
  ) {}

  static async start<Page extends object = CallPage>(
    name: CallBrowserName,
    { browsers, path, page: entry = 'test/e2e/pages/tapped-call.ts', answer }: StationOptions = {},
  ): Promise<CallStation<Page>> {
    const folder = await mkdtemp(join(tmpdir(), 'steadyreel-call-'));
    const page = await bundlePage(entry);
    const script = { headers: { 'Content-Type': 'text/javascript' } };
    const fallback = async (request: Request): Promise<Response> => {
      const { pathname } = new URL(request.url);
      const answered = (await path?.handle(request)) ?? (await answer?.(request));
      if (answered) return answered;
      if (request.method === 'PUT') {
        await writeFile(join(folder, pathname.slice(1)), Buffer.from(await request.arrayBuffer()));
        return new Response(null, { status: 204 });
      }
      if (pathname === '/') return new Response(HTML, { headers: { 'Content-Type': 'text/html' } });
      if (pathname === '/page.js') return new Response(page, script);
      if (pathname === '/witness.js') return new Response(WITNESS, script);
      const file = await readFile(join(DIST, pathname)).catch(() => undefined);
      return file ? new Response(file, script) : new Response(null, { status: 404 });
    };
    const server = await serve({ dir: join(folder, 'stored'), port: 0, fallback });
    const own = browsers ? undefined : await launchForCalls(name, join(folder, 'profile'));
    const browser = own ?? (await (browsers as SharedBrowsers).get(name));
    const tab = await browser.open(path ? `${server.url}?relay` : server.url);
    return new CallStation<Page>(server, name, own, tab, folder);
  }

  call<Name extends keyof Page & string>(
    name: Name,
    ...args: Page[Name] extends (...given: infer Given) => unknown ? Given : never
  ): Promise<Page[Name] extends (...given: never) => infer Result ? Awaited<Result> : never> {
    return this.tab.evaluate(`page.${name}(...${JSON.stringify(args)})`);
  }

  /** Kills every process of the browser at once. */
  async kill(): Promise<void> {
    await this.own?.kill();
  }

  /** Starts the browser again on what the one before has left. */
  async reopen(): Promise<void> {
    this.own = await launchForCalls(this.name, join(this.folder, 'profile'));
    this.tab = await this.own.open(this.server.url);
  }

  /** Runs an expression in the page. */
  evaluate<T>(expression: string): Promise<T> {
    return this.tab.evaluate(expression);
  }

  async witnessed(kind: 'video' | 'audio'): Promise<Witnessed[]> {
    await this.tab.evaluate(`page.dump('${kind}', '/witnessed-${kind}')`);
    const bytes = await readFile(join(this.folder, `witnessed-${kind}`));
    const found: Witnessed[] = [];
    for (let at = 0; at < bytes.length; ) {
      const length = bytes.readUInt32LE(at);
      const rtpTimestamp = bytes.readUInt32LE(at + 4);
      found.push({ rtpTimestamp, data: new Uint8Array(bytes.subarray(at + 8, at + 8 + length)) });
      at += 8 + length;
    }
    return found;
  }

  pathOf(key: string): string {
    return join(this.folder, 'stored', key.replace(/^recordings\//, ''));
  }

  async close(): Promise<void> {
    await (this.own ?? this.tab).close();
    await this.server.close(0);
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Where the files of a recording lie. */
export type Stored = Pick<CallStation, 'pathOf'>;

export interface Track {
  codec: string | null;
  packets: EncodedPacket[];
}

/** The samples of a file. */
export const samplesOf = async (path: string): Promise<{ video?: Track; audio?: Track }> => {
  const input = new Input({ source: new BufferSource(await readFile(path)), formats: ALL_FORMATS });
  const read = async (
    track: Awaited<ReturnType<Input['getPrimaryVideoTrack']>>,
  ): Promise<Track | undefined> => {
    if (!track) return undefined;
    const packets: EncodedPacket[] = [];
    for await (const packet of new EncodedPacketSink(track).packets()) packets.push(packet);
    return { codec: await track.getCodecParameterString(), packets };
  };
  const video = await read(await input.getPrimaryVideoTrack());
  const audio = await read((await input.getPrimaryAudioTrack()) as never);
  return { ...(video ? { video } : {}), ...(audio ? { audio } : {}) };
};

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

/** Units of a sample as MP4 has them, with four bytes of length before each. */
const unitsOfSample = (data: Uint8Array): Uint8Array[] => {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const units: Uint8Array[] = [];
  for (let at = 0; at < data.length; ) {
    const length = view.getUint32(at);
    units.push(data.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return units;
};

/** Parameter sets and delimiters, which MP4 keeps elsewhere or not at all (ISO/IEC 14496-15, 5.4.2). */
const LEFT_OUT_NALS = new Set([7, 8, 9, 12]);
const TEMPORAL_DELIMITER = 2;

/** What of a frame on the wire is in its sample: whole, but for H.264 NAL by NAL and for AV1 OBU by OBU. */
const onTheWire = (codec: string, data: Uint8Array): string => {
  if (/h264/i.test(codec))
    return splitAnnexB(data)
      .filter(nal => !LEFT_OUT_NALS.has((nal[0] ?? 0) & 31))
      .map(hex)
      .join(' ');
  if (/av1/i.test(codec))
    return (splitObus(data) ?? [])
      .filter(({ type }) => type !== TEMPORAL_DELIMITER)
      .map(({ type, payload }) => `${type}:${hex(payload)}`)
      .join(' ');
  return hex(data);
};

const inTheFile = (codec: string, data: Uint8Array): string => {
  if (/h264/i.test(codec)) return unitsOfSample(data).map(hex).join(' ');
  return onTheWire(codec, data);
};

/**
 * All frames of a recording, in order: they must be those of the wire, one after another from some key frame on.
 *
 * @param allowed where frames of the wire may be missing. `before-key`: where a receiver gives up what it has not got wholly
 * when the next key frame is there.
 * @returns for each recorded frame, which one of the wire it is.
 */
export const checkFrames = async (
  station: Stored,
  recording: Recording,
  codec: string,
  wire: readonly Witnessed[],
  allowed: 'nowhere' | 'before-key' | 'anywhere' = 'nowhere',
): Promise<number[]> => {
  const sent = wire.map(({ data }) => onTheWire(codec, data));
  let next: number | undefined;
  const found: number[] = [];
  for (const file of recording.files) {
    const { video } = await samplesOf(station.pathOf(file.key));
    const packets = video?.packets ?? [];
    expect(packets.length, file.key).toBe(file.video?.frames ?? 0);
    if (packets.length === 0) continue;
    expect(packets[0]?.type).toBe('key');
    for (const packet of packets) {
      const at = sent.indexOf(inTheFile(codec, packet.data), next ?? 0);
      expect(at, `${file.key}: frame ${found.length} is one of the wire`).toBeGreaterThanOrEqual(0);
      const mayMiss = allowed === 'anywhere' || (allowed === 'before-key' && packet.type === 'key');
      if (next !== undefined && !mayMiss) expect(at, `${file.key}: nothing is left out`).toBe(next);
      next = at + 1;
      found.push(at);
    }
  }
  return found;
};

/** MD5 of every decoded frame of a recording. */
export const decodedHashes = async (station: Stored, recording: Recording): Promise<string[]> => {
  const hashes: string[] = [];
  for (const { key } of recording.files) {
    const args = [
      '-v',
      'error',
      '-i',
      station.pathOf(key),
      '-an',
      '-fps_mode',
      'passthrough',
      '-f',
      'framemd5',
      '-',
    ];
    const { stdout } = await run('ffmpeg', args);
    const lines = stdout
      .toString()
      .split('\n')
      .filter(line => /^0,/.test(line));
    hashes.push(...lines.map(line => line.slice(line.lastIndexOf(',') + 1).trim()));
  }
  return hashes;
};

/** Every packet of sound is one of the wire, in order, but for silence that was put in. @returns how many are of the wire. */
export const checkSound = async (
  station: Stored,
  recording: Recording,
  wire: readonly Witnessed[],
): Promise<{ found: number; silent: number; longestSkip: number }> => {
  const sent = wire.filter(({ data }) => data.length > 0).map(({ data }) => hex(data));
  let next: number | undefined;
  let [found, silent, longestSkip] = [0, 0, 0];
  for (const file of recording.files) {
    const { audio } = await samplesOf(station.pathOf(file.key));
    for (const { data } of audio?.packets ?? []) {
      const at = sent.indexOf(hex(data), next ?? 0);
      if (at < 0) {
        expect(hex(data.subarray(1)), 'silence, as it is not of the wire').toBe(
          hex(Uint8Array.of(0xff, 0xfe)),
        );
        silent++;
        continue;
      }
      longestSkip = Math.max(longestSkip, at - (next ?? at));
      next = at + 1;
      found++;
    }
  }
  return { found, silent, longestSkip };
};

/** What must hold of any recording: decodable without a word, contiguous, as the manifest says. */
export const checkFiles = async (station: Stored, recording: Recording): Promise<void> => {
  let end = 0;
  for (const [i, file] of recording.files.entries()) {
    const path = station.pathOf(file.key);
    expect(await decodeErrors(path, true), file.key).toBe('');
    if (i > 0) expect(file.startTime).toBeCloseTo(end, 5);
    end = file.startTime + file.duration;
  }
};
