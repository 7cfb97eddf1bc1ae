/** Servers that answer, and never get anywhere. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Advance } from '../../src/storage/retry.ts';
import { noise, until } from './server-kit.ts';
import { CHUNK, grow, growingFile, keptFile, newSink } from './storage-kit.ts';

const ENDPOINT = 'https://storage.example/storage';

// Makes the shortest pause 125 ms.
beforeEach(() => void vi.spyOn(Math, 'random').mockReturnValue(0));
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

type Answer = [status: number, headers?: Record<string, string>];

/** A server that answers each method as it is told; gives the methods that were asked for. */
const serve = (answers: Record<string, (headers: Headers, body: Uint8Array) => Answer>): string[] => {
  const asked: string[] = [];
  vi.stubGlobal('fetch', async (_: string, { method = 'GET', headers, body }: RequestInit) => {
    asked.push(method);
    // A loop without any pause would never let a timer run.
    await new Promise(resolve => setImmediate(resolve));
    const bytes = body instanceof Uint8Array ? body : new Uint8Array();
    const [status, told = {}] = answers[method]?.(new Headers(headers), bytes) ?? [405];
    return new Response(null, { status, headers: told });
  });
  return asked;
};

const at = (offset: number): Record<string, string> => ({ 'Upload-Offset': String(offset) });

describe('answers that bring nothing', () => {
  it.each<[string, Parameters<typeof serve>[0]]>([
    ['PATCH 404, HEAD 200', { POST: () => [201], PATCH: () => [404], HEAD: () => [200, at(0)] }],
    ['PATCH 409, HEAD 200', { POST: () => [201], PATCH: () => [409], HEAD: () => [200, at(0)] }],
    ['PATCH 404, HEAD 404, POST 201', { POST: () => [201], PATCH: () => [404], HEAD: () => [404] }],
    ['PATCH 204 that took nothing', { POST: () => [201], PATCH: () => [204, at(0)] }],
    ['POST 409, HEAD 404', { POST: () => [409], HEAD: () => [404] }],
    [
      'a storage that loses each chunk it took',
      {
        POST: () => [201],
        PATCH: headers => (headers.get('Upload-Offset') === '0' ? [204, at(CHUNK)] : [404]),
        HEAD: () => [200, at(0)],
      },
    ],
  ])('%s: tried again with pauses, and given up so long after stop()', async (_, answers) => {
    const asked = serve(answers);
    const { sink, signal, stop, troubles } = newSink(ENDPOINT, { giveUpAfter: 0.5 });
    const file = keptFile();
    await grow(file, noise(CHUNK * 3), CHUNK);
    const storing = sink.store(file, signal);
    storing.catch(() => undefined);
    await until(() => troubles.length >= 2, 'it was tried again');
    const stoppedAt = stop();
    await expect(storing).rejects.toMatchObject({ code: 'storage-unreachable' });
    expect(performance.now() - stoppedAt).toBeGreaterThanOrEqual(500);
    expect(performance.now() - stoppedAt).toBeLessThan(500 + 2_500);
    expect(asked.length).toBeLessThan(40);
  });
});

describe('Upload-Offset', () => {
  const refused = async (answers: Parameters<typeof serve>[0]): Promise<unknown> => {
    serve(answers);
    const { sink, signal } = newSink(ENDPOINT);
    const file = growingFile();
    await grow(file, noise(100), 100);
    return sink.store(file, signal).catch(error => error);
  };
  const hidden = {
    code: 'storage-rejected',
    message: expect.stringMatching(/Upload-Offset.*Access-Control-Expose-Headers/),
  };

  it('that pages can not see, after sending: storage-rejected, with what the server has to do', async () => {
    expect(await refused({ POST: () => [201], PATCH: () => [204] })).toMatchObject(hidden);
  });

  it('that pages can not see, after asking', async () => {
    expect(await refused({ POST: () => [409], HEAD: () => [200] })).toMatchObject(hidden);
  });

  it.each(['abc', '-1', '101', '1.5'])('that can not be: "%s"', async value => {
    const answers = { POST: (): Answer => [409], HEAD: (): Answer => [200, { 'Upload-Offset': value }] };
    expect(await refused(answers)).toMatchObject({
      code: 'storage-rejected',
      message: expect.stringContaining(value),
    });
  });
});

describe('whether an upload advances', () => {
  it('each byte more does, none does not', () => {
    const advance = new Advance(10);
    expect([10, 11, 11, 5, 12].map(offset => advance.reaches(offset))).toEqual([
      false,
      true,
      false,
      false,
      true,
    ]);
  });

  it('what is sent anew after a loss does, but not after one loss more', () => {
    const advance = new Advance(0);
    advance.reaches(100);
    advance.fallsBack(0);
    expect([50, 60].map(offset => advance.reaches(offset))).toEqual([true, true]);
    advance.fallsBack(0);
    expect([50, 60, 70].map(offset => advance.reaches(offset))).toEqual([false, false, true]);
    // Farther than ever: forgiven again.
    advance.reaches(101);
    advance.fallsBack(0);
    expect(advance.reaches(1)).toBe(true);
  });
});
