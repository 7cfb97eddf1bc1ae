/** A crash at any moment of any recording: what is recovered holds all that had come out of the encoders. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { SteadyreelError } from '../../src/errors.ts';
import type { Recording } from '../../src/manifest.ts';
import type { MemoryOpfs } from '../support/memory-opfs.ts';
import { type Crash, crashAgain, crashesOf, FakeStorage, recoverOn, storedOf } from './recovery-kit.ts';
import { problemsOfFiles } from './timeline-checks.ts';
import { scenario } from './timeline-random.ts';
import type { Scenario } from './timeline-scenario.ts';

vi.mock('../../src/compose/video-fit.ts', () => import('../support/simulated-fitter.ts'));
afterEach(() => vi.unstubAllGlobals());

const RUNS = 60;
const SEED = Number(process.env.STEADYREEL_SEED ?? 1);
/** Packets that may wait for a file to be opened. */
const WAITING = 3;

const problemsAfter = async ({ disk, storage, frames, earlier }: Crash): Promise<string[]> => {
  const problems: string[] = [];
  const before = storage.copy();
  // One that was finished already has nothing to be recovered.
  const finished = storage.manifest && storage.manifest.state !== 'recording' ? storage.manifest : undefined;
  const recording = (await recoverOn(disk, storage)) ?? finished;
  problems.push(...storage.faults);
  if (!recording) {
    if (earlier > WAITING) problems.push(`nothing was recovered of ${frames} frames`);
    if (storage.manifest || storage.files.size > 0)
      problems.push('something of nothing is left in the storage');
    return problems;
  }
  const files = storedOf(storage, recording);
  const recovered = recording.files.reduce((sum, file) => sum + (file.video?.frames ?? 0), 0);
  if (recovered < earlier - WAITING || recovered > frames) problems.push(`${recovered} of ${frames} frames`);
  for (const [i, file] of recording.files.entries()) {
    const bytes = files[i] ?? Buffer.alloc(0);
    const { key, bytes: size, sha256 } = file;
    if (bytes.length !== size) problems.push(`${key}: ${bytes.length} of ${size} bytes are stored`);
    if (createHash('sha256').update(bytes).digest('hex') !== sha256) problems.push(`${key}: another sha256`);
    if (!storage.files.get(key)?.complete) problems.push(`${key} is not complete in storage`);
    const had = before.files.get(key)?.bytes ?? Buffer.alloc(0);
    if (!bytes.subarray(0, had.length).equals(had)) problems.push(`${key}: what was stored has changed`);
  }
  if (!['recovered', 'complete'].includes(recording.state)) problems.push(`it is ${recording.state}`);
  if (JSON.stringify(storage.manifest) !== JSON.stringify(recording))
    problems.push('another manifest is stored');
  const cuts = recording.events.flatMap(({ type, time }) => (type === 'cut' ? [time] : []));
  if (new Set(cuts).size < cuts.length) problems.push(`cuts are noted twice: ${cuts.join(', ')}`);
  problems.push(...problemsOfFiles({ manifest: recording, files }));
  if (disk.paths.length > 0) problems.push(`left on the disk: ${disk.paths.join(', ')}`);
  if (disk.open > 0) problems.push(`${disk.open} files are still open`);
  return problems;
};

const moment = fc.nat({ max: 600 });
/** Bytes that the disk takes at once. */
const perWrite = fc.constantFrom(50, 500, Number.POSITIVE_INFINITY);

describe(`a crash (seed ${SEED})`, () => {
  it.each([0, 1, 2])(
    'at any change of the disk: part %i',
    async part => {
      const moments = fc.array(moment, { minLength: 3, maxLength: 3 });
      await fc.assert(
        fc.asyncProperty(scenario, moments, perWrite, async (given, at, most) => {
          const { crashes } = await crashesOf(given, new Set(at), most);
          for (const crash of crashes) expect(await problemsAfter(crash)).toEqual([]);
        }),
        { numRuns: RUNS, seed: SEED * 1_000 + part, interruptAfterTimeLimit: 100_000 },
      );
    },
    120_000,
  );

  it('of the recovery too', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, moment, fc.nat({ max: 60 }), async (given, first, second) => {
        const { crashes } = await crashesOf(given, new Set([first]));
        for (const crash of crashes) {
          const again = await crashAgain(crash, second);
          if (again) expect(await problemsAfter(again)).toEqual([]);
        }
      }),
      { numRuns: 2 * RUNS, seed: SEED * 1_000, interruptAfterTimeLimit: 100_000 },
    );
  }, 120_000);
});

it('a recording that could not be finished at first has ended when it was cut off, not when that was tried', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
  vi.setSystemTime('2026-01-05T10:00:00Z');
  const [given] = fc.sample(scenario, { numRuns: 1, seed: SEED });
  const { crashes } = await crashesOf(given as Scenario, new Set([40]));
  const { disk, storage } = crashes[0] as Crash;
  vi.setSystemTime('2026-01-06T10:00:00Z');
  const down = new FakeStorage();
  down.store = () => Promise.reject(new Error('down'));
  await expect(recoverOn(disk, down)).rejects.toThrow('down');
  await expect(recoverOn(disk, down)).rejects.toThrow('down');
  expect((await recoverOn(disk, storage))?.endedAt).toBe('2026-01-05T10:00:00.000Z');
});

describe('a recording that goes to another storage than it was on its way to', () => {
  const OTHER = { tag: 'tus https://other.example', moves: true };

  /** Crashes in the middle of recordings whose uploads have begun. */
  const begun = async (): Promise<Crash[]> => {
    const found: Crash[] = [];
    for (const given of fc.sample(scenario, { numRuns: 12, seed: SEED })) {
      const { crashes } = await crashesOf(given, new Set([150]));
      found.push(...crashes.filter(({ storage }) => storage.files.size > 0));
    }
    expect(found.length).toBeGreaterThan(2);
    return found;
  };

  it('begins anew there, and no address of the first is used', async () => {
    for (const { disk } of await begun()) {
      const other = new FakeStorage();
      // Of some, a file is in the first already, and only there.
      const elsewhere = (error: SteadyreelError): undefined =>
        void expect(error.code).toBe('recording-elsewhere');
      const recording = await recoverOn(disk, other, OTHER).catch(elsewhere);
      expect(other.goneOnWith).toEqual([]);
      for (const [i, bytes] of storedOf(other, recording ?? ({ files: [] } as never)).entries())
        expect(createHash('sha256').update(bytes).digest('hex')).toBe(recording?.files[i]?.sha256);
    }
  });

  it('and was cut off there, goes on with the addresses of whichever it is given to', async () => {
    for (const { disk, storage } of await begun()) {
      const other = new FakeStorage();
      other.store = async source => {
        other.onUpload(source.key, { of: 'another' });
        throw new Error('the other is gone');
      };
      const failed = await recoverOn(disk, other, OTHER).catch(() => 'failed');
      if (failed !== 'failed') continue;
      const recording = await recoverOn(disk, storage);
      expect(storage.faults.filter(fault => fault.includes('goes on'))).toEqual([]);
      expect(recording?.state).toBe('recovered');
    }
  });

  /** Crashes of recordings of which all files are on the disk, and something is in the first storage. */
  const whole = async (): Promise<Crash[]> => {
    const found: Crash[] = [];
    for (const given of fc.sample(scenario, { numRuns: 6, seed: SEED })) {
      const { crashes } = await crashesOf(given, new Set([20, 40, 60]));
      for (const crash of crashes) {
        const { disk, storage } = crash;
        const names = [...storage.files.keys()].map(key => key.split('/').at(-1));
        const here = names.every(name => disk.paths.some(path => path.endsWith(`/${name}`)));
        if (names.length > 0 && here) found.push(crash);
      }
    }
    expect(found.length).toBeGreaterThan(2);
    return found;
  };

  /** One that is gone before it is told that the recording is complete. */
  const goneAtTheEnd = (): FakeStorage => {
    const other = new FakeStorage();
    other.writeManifest = async ({ state }) => {
      if (state !== 'recording') throw new Error('the other is gone');
    };
    return other;
  };

  it('and was cut off there before the end, is still whole here: for that storage, and for the first', async () => {
    for (const { disk, storage } of await whole()) {
      const other = goneAtTheEnd();
      await expect(recoverOn(disk, other, OTHER)).rejects.toThrow('the other is gone');
      const again = other.copy();
      for (const [target, how] of [
        [again, OTHER],
        [storage, {}],
      ] as const) {
        const recording = await recoverOn(disk.copy(), target, how);
        expect(recording?.files.length).toBeGreaterThan(0);
        for (const [i, bytes] of storedOf(target, recording as Recording).entries())
          expect(createHash('sha256').update(bytes).digest('hex')).toBe(recording?.files[i]?.sha256);
      }
    }
  });

  it.each([true, false])('lets go of nothing until it is there, however large it is: %s', async moves => {
    const [crash] = await whole();
    if (!crash) throw new Error('no crash');
    let letGo = 0;
    await recoverOn(crash.disk, new FakeStorage(), { ...OTHER, moves }, ({ journal }) => {
      journal.kept.add({}, 2 ** 40, async () => void letGo++);
    });
    expect(letGo).toBe(moves ? 0 : 1);
  });

  const moments = Array.from({ length: 20 }, (_, i) => 10 * (i + 1));

  it('has no thumbnails, which the first has; there, it has those that were named', async () => {
    const [given] = fc.sample(scenario, { numRuns: 1, seed: SEED });
    const { crashes } = await crashesOf(given as Scenario, new Set(moments));
    const pathOf = (disk: MemoryOpfs, name: string) => disk.paths.find(path => path.endsWith(`/${name}`));
    // While its first file is on the disk, it can go anywhere.
    const isWhole = ({ disk }: Crash) => pathOf(disk, 'manifest.json') && pathOf(disk, '0001.mp4');
    const crash = crashes.find(isWhole);
    const path = crash && pathOf(crash.disk, 'manifest.json');
    if (!crash || !path) throw new Error('no crash left all of it');
    const manifest = JSON.parse(new TextDecoder().decode(crash.disk.read(path))) as Recording;
    const thumbnails = { interval: 10, items: [], sprites: [], bytes: 0, leftOut: 3 };
    crash.disk.write(path, new TextEncoder().encode(JSON.stringify({ ...manifest, thumbnails })));
    const elsewhere = await recoverOn(crash.disk.copy(), new FakeStorage(), OTHER);
    expect(elsewhere?.state).toBe('recovered');
    expect(elsewhere?.thumbnails).toBeUndefined();
    await expect(recoverOn(crash.disk, goneAtTheEnd(), OTHER)).rejects.toThrow('the other is gone');
    const recording = await recoverOn(crash.disk, crash.storage);
    expect(recording?.thumbnails).toEqual(thumbnails);
    expect(crash.storage.manifest?.thumbnails).toEqual(thumbnails);
  });

  it('is refused as long as its beginning is only in the first', async () => {
    const refusals: unknown[] = [];
    for (const { disk } of await begun()) {
      // As if the first segments had been let go.
      for (const path of disk.paths.filter(path => path.endsWith('.mp4'))) disk.rename(path, `${path}.1`);
      const media = (): string[] => disk.paths.filter(path => path.includes('.mp4'));
      const before = media();
      const other = new FakeStorage();
      // Of some, nothing had been written to the files yet.
      const recording = await recoverOn(disk, other, OTHER).catch(error => void refusals.push(error.code));
      expect([recording, other.files.size]).toEqual([undefined, 0]);
      if (disk.paths.length > 0) expect(media()).toEqual(before);
    }
    expect(new Set(refusals)).toEqual(new Set(['recording-elsewhere']));
  });
});
