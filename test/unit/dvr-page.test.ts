/** A ring on the page's side, with a worker that says what the test has it say: what is replaced, closed and asked for at once. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Dvr, type DvrHost } from '../../src/dvr.ts';
import type { DvrPage } from '../../src/dvr-load.ts';
import { errorFromMessage } from '../../src/error-from-message.ts';
import { asSteadyreelError, SourceEndedError, WorkerFailedError } from '../../src/errors.ts';
import { resolveOptions } from '../../src/options.ts';
import type { Opened, RecorderSource, Successor } from '../../src/recorder-source.ts';
import type { FromWorker, ToWorker } from '../../src/worker/protocol.ts';

class FakeWorker {
  onmessage: ((event: { data: FromWorker }) => void) | undefined;
  readonly told: ToWorker['type'][] = [];
  terminated = false;

  postMessage({ type }: ToWorker): void {
    this.told.push(type);
  }

  say(message: FromWorker): void {
    if (!this.terminated) this.onmessage?.({ data: message });
  }

  terminate(): void {
    this.terminated = true;
  }
}

/** A call of which it takes a while to find out what can be had. */
class FakeSource implements RecorderSource {
  readonly watchers = new Set<() => void>();
  /** Nothing of it lives. */
  ended = false;
  found: Promise<void> = Promise.resolve();

  check(): void {
    if (this.ended) throw new SourceEndedError(1);
  }

  open(): Opened {
    const { call } = this.#replacement();
    return { source: this, setup: { video: undefined, audio: undefined, call }, transfer: [] };
  }

  #replacement() {
    return { call: { video: undefined, audio: undefined, url: 'none' } };
  }

  watch(look: () => void): () => void {
    const watcher = () => look();
    this.watchers.add(watcher);
    return () => void this.watchers.delete(watcher);
  }

  look(): undefined {}

  async replacedBy(next: FakeSource): Promise<Successor> {
    await this.found;
    const replacement = { video: undefined, audio: undefined };
    return { source: next, command: { message: { type: 'replace-call', replacement }, transfer: [PORT] } };
  }

  decoded(): never {
    throw new Error('It is encoded.');
  }
}

const PORT = { tap: 'of the next source' } as unknown as MessagePort;

const turn = () => new Promise<void>(resolve => setImmediate(resolve));

let workers: FakeWorker[];
let letGo: unknown[];
let source: FakeSource;
let next: FakeSource;
let dvr: Dvr;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  [workers, letGo, source, next] = [[], [], new FakeSource(), new FakeSource()];
  const page: DvrPage = {
    startWorker: () => {
      const worker = new FakeWorker();
      workers.push(worker);
      return worker as unknown as Worker;
    },
    letGo: transfer => void letGo.push(...transfer),
    ...{ errorFromMessage, asSteadyreelError, SourceEndedError, WorkerFailedError },
  };
  const joined = { overlays: undefined, transfer: [], leave: () => undefined };
  const host = {
    options: resolveOptions({ dvr: { seconds: 5 } }),
    ...{ workerUrl: undefined, url: 'none', aacEncoderUrl: 'none', extrasUrl: 'none' },
    overlays: { join: () => joined },
    warn: () => undefined,
    fail: () => undefined,
  } as unknown as DvrHost;
  dvr = new Dvr(source, host, page);
  dvr.keep();
  await turn();
  workers[0]?.say({ type: 'started' });
});

afterEach(() => vi.useRealTimers());

/** No ring is kept, and nothing is watched any more. */
const expectNothingKept = async (): Promise<void> => {
  await turn();
  vi.advanceTimersByTime(5_000);
  await turn();
  expect(workers.map(({ terminated }) => terminated)).toEqual([true]);
  expect([source.watchers.size, next.watchers.size, vi.getTimerCount()]).toEqual([0, 0, 0]);
};

test('closed while its worker goes over to another source: it does not come back', async () => {
  const replaced = dvr.replaceSource(next);
  await turn();
  dvr.close();
  workers[0]?.say({ type: 'replaced' });
  await replaced;
  workers[0]?.say({ type: 'aborted' });
  expect(workers[0]?.told).toEqual(['ring', 'replace-call', 'abort']);
  await expectNothingKept();
  // Nor by another source.
  await dvr.replaceSource(new FakeSource());
  await expectNothingKept();
});

test.each([true, false])(
  'closed while it is found out what can be had of the next source, which is let go (its worker is gone by then: %s)',
  async gone => {
    let find: () => void = () => undefined;
    source.found = new Promise(resolve => (find = resolve));
    const replaced = dvr.replaceSource(next);
    await turn();
    dvr.close();
    if (gone) workers[0]?.say({ type: 'aborted' });
    find();
    await replaced;
    workers[0]?.say({ type: 'aborted' });
    expect(letGo).toEqual([PORT]);
    await expectNothingKept();
  },
);

test('what is asked of a ring whose worker is gone is told so', async () => {
  // It has ended by itself, and there is nothing to make another one of: what it holds can be read.
  source.ended = true;
  workers[0]?.say({ type: 'ended' });
  const reading = dvr.read({ request: { kind: 'last', seconds: 1 }, exact: false });
  const opened = Promise.resolve(reading.open(new AbortController().signal));
  dvr.close();
  workers[0]?.say({ type: 'aborted' });
  await expect(opened).rejects.toMatchObject({ code: 'source-ended' });
  await expectNothingKept();
});
