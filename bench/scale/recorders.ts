/** Recorders without a camera: files that grow as recordings do, in real time, through the uploader of `s3()`. */
import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { GrowingFile } from '../../src/journal/growing-file.ts';
import { MemoryStore } from '../../src/journal/memory-store.ts';
import { fileKey, type Recording } from '../../src/manifest.ts';
import { S3Sink } from '../../src/storage/s3/sink.ts';
import type { RecorderResult, RecordersAnswer, RecordersStart, RecordersTotals } from './messages.ts';

/** Milliseconds from one movie fragment to the next. */
const FRAGMENT = 1_000;

/** What is recorded is taken out of this, from a place of its own each time: noise is expensive to make. */
const noise = randomBytes(16 * 1024 ** 2);
const piece = (size: number): Uint8Array => {
  const from = Math.floor(Math.random() * (noise.length - size));
  return new Uint8Array(noise.subarray(from, from + size));
};

const sent = { parts: 0, partBytes: 0 };
const original = globalThis.fetch;
globalThis.fetch = async (input, init) => {
  const isPart = String(input).includes('partNumber=');
  if (init?.body instanceof Uint8Array && isPart) sent.partBytes += init.body.byteLength;
  const response = await original(input, init);
  if (isPart && response.ok) sent.parts++;
  return response;
};

class SyntheticRecorder {
  recorded = 0;
  stored = 0;
  maxBacklog = 0;
  isRecording = false;
  readonly #id = randomUUID();
  readonly #user: string;
  readonly #troubles: string[] = [];
  #stoppedAt: number | undefined;

  constructor(
    private readonly options: RecordersStart,
    index: number,
  ) {
    this.#user = `user-${index}`;
  }

  get backlog(): number {
    return this.recorded - this.stored;
  }

  look(): void {
    this.maxBacklog = Math.max(this.maxBacklog, this.backlog);
  }

  async run(): Promise<RecorderResult> {
    const { endpoint, partBytes, spread } = this.options;
    await sleep(Math.random() * spread * 1000);
    const headers = { Authorization: `Bearer ${this.#user}` };
    const sink = new S3Sink(
      { kind: 's3', endpoint, headers, lanes: 3, giveUpAfter: 30, partBytes },
      {
        onStored: (_, bytes) => {
          this.stored = bytes;
        },
        onTrouble: detail => this.#troubles.push(detail),
        onUpload: () => undefined,
        stoppedAt: () => this.#stoppedAt,
        ask: async () => ({}),
      },
    );
    const { signal } = new AbortController();
    const fail = (error: unknown): never => {
      throw error;
    };
    const file = new GrowingFile(fileKey(this.#id, 1), new MemoryStore(), fail);
    // As a session does: at the start, when the file's parameters are known, when it is finished, and when all is.
    await sink.writeManifest(this.#manifest(file, 'recording'), signal);
    const storing = sink.store(file, signal);
    await sink.writeManifest(this.#manifest(file, 'recording'), signal);
    await this.#record(file);
    this.#stoppedAt = performance.now();
    await file.seal();
    await storing;
    await sink.writeManifest(this.#manifest(file, 'recording'), signal);
    await sink.writeManifest(this.#manifest(file, 'complete'), signal);
    const toFinish = (performance.now() - this.#stoppedAt) / 1000;
    const { key, size: bytes, sha256 = '' } = file;
    const { maxBacklog } = this;
    return { user: this.#user, key, bytes, sha256, maxBacklog, toFinish, troubles: this.#troubles };
  }

  /** By the clock: a process that is held up goes on where it should be. */
  async #record(file: GrowingFile): Promise<void> {
    const { bitrate, seconds } = this.options;
    this.isRecording = true;
    const began = performance.now();
    for (let at = FRAGMENT; at <= seconds * 1000; at += FRAGMENT) {
      await sleep(Math.max(0, began + at - performance.now()));
      file.append(piece(Math.round((at / 1000) * (bitrate / 8)) - this.recorded));
      this.recorded = file.size;
      this.look();
    }
    this.isRecording = false;
  }

  #manifest({ key, size, sha256 }: GrowingFile, state: Recording['state']): Recording {
    const duration = size / (this.options.bitrate / 8);
    const file = { key, index: 1, reason: 'start', startTime: 0, duration, bytes: size } as const;
    return {
      ...{ version: 1, id: this.#id, state, kind: 'original', startedAt: new Date().toISOString(), duration },
      ...{ metadata: {}, files: [{ ...file, ...(sha256 ? { sha256 } : {}) }], events: [] },
    };
  }
}

const answer = (message: RecordersAnswer): void => void process.send?.(message);
let recorders: SyntheticRecorder[] = [];

const totals = (): RecordersTotals => {
  const sum = (of: (recorder: SyntheticRecorder) => number) =>
    recorders.reduce((all, one) => all + of(one), 0);
  return {
    ...sent,
    recorded: sum(one => one.recorded),
    stored: sum(one => one.stored),
    backlog: Math.max(0, ...recorders.map(one => one.backlog)),
    recording: recorders.filter(one => one.isRecording).length,
  };
};

const start = async (options: RecordersStart): Promise<void> => {
  recorders = Array.from(
    { length: options.count },
    (_, i) => new SyntheticRecorder(options, options.first + i),
  );
  const results = await Promise.all(recorders.map(one => one.run()));
  answer({ type: 'done', results });
};

process.on('message', (message: RecordersStart | 'totals') => {
  if (message === 'totals') answer({ type: 'totals', totals: totals() });
  else void start(message);
});
process.on('disconnect', () => process.exit());
