/** The pure modules run where there is nothing but the language: no browser, and no Node either. */
import { createContext, runInContext } from 'node:vm';
import { build, type Rolldown } from 'vite';
import { beforeAll, describe, expect, it } from 'vitest';

const PURE = [
  'cut/avc.ts',
  'cut/decide.ts',
  'cut/parameters.ts',
  'source/audio-clock.ts',
  'source/audio-timeline.ts',
  'source/constant-rate.ts',
  'source/delay-floor.ts',
  'source/drift.ts',
  'source/pause-gate.ts',
  'source/video-clock.ts',
  'passthrough/annex-b.ts',
  'passthrough/audio-sequence.ts',
  'passthrough/av1-sequence.ts',
  'passthrough/av1.ts',
  'passthrough/avc.ts',
  'passthrough/bits.ts',
  'passthrough/bytes.ts',
  'passthrough/chain-frame.ts',
  'passthrough/chain-numbers.ts',
  'passthrough/chain-place.ts',
  'passthrough/chain-state.ts',
  'passthrough/chain-step.ts',
  'passthrough/chain.ts',
  'passthrough/coded-frame.ts',
  'passthrough/obu.ts',
  'passthrough/opus.ts',
  'passthrough/parameters.ts',
  'passthrough/red.ts',
  'passthrough/reorder.ts',
  'passthrough/rtp-time.ts',
  'passthrough/sequence-number.ts',
  'passthrough/slice.ts',
  'passthrough/sps.ts',
  'passthrough/superframe.ts',
  'passthrough/typical-step.ts',
  'passthrough/vp8.ts',
  'passthrough/vp9-header.ts',
  'passthrough/vp9.ts',
  'passthrough/witness.ts',
  'compose/yuv.ts',
  'compose/audio-fit.ts',
  'compose/resampler.ts',
  'encode/codecs.ts',
  'encode/opus.ts',
  'worker/audio-plan.ts',
  'worker/recording-time.ts',
  'worker/stats.ts',
  'manifest.ts',
  'errors.ts',
  'show.ts',
  'media.ts',
  'levels.ts',
  'code-points.ts',
  'options.ts',
] as const;

const root = new URL('../../src/', import.meta.url).pathname;
const ENTRY = 'virtual:pure';

/** All of the pure modules as one script, and the modules that went into it. */
const bundle = async (): Promise<{ code: string; modules: string[] }> => {
  const entry = PURE.map((path, i) => `export * as m${i} from '${root}${path}';`).join('\n');
  const built = (await build({
    configFile: false,
    logLevel: 'error',
    plugins: [
      {
        name: 'entry',
        resolveId: id => (id === ENTRY ? ENTRY : undefined),
        load: id => (id === ENTRY ? entry : undefined),
      },
    ],
    build: {
      write: false,
      minify: false,
      rolldownOptions: {
        input: ENTRY,
        output: { format: 'iife', name: 'pure' },
        preserveEntrySignatures: 'strict',
        treeshake: false,
      },
    },
  })) as Rolldown.RolldownOutput;
  const chunks = built.output.filter(output => output.type === 'chunk');
  const [chunk] = chunks;
  if (chunk === undefined || chunks.length > 1) throw new Error('expected one script');
  return { code: chunk.code, modules: chunk.moduleIds };
};

let script: Awaited<ReturnType<typeof bundle>>;
let evaluate: (expression: string) => unknown;
beforeAll(async () => {
  script = await bundle();
  const bare = createContext({});
  runInContext(`${script.code}; Object.assign(globalThis, ...Object.values(pure));`, bare);
  // Results come out as text, because objects of another realm equal none of ours.
  evaluate = expression => JSON.parse(String(runInContext(`JSON.stringify(${expression})`, bare)));
});

describe('the pure modules', () => {
  it('need no package, and no module that is not pure', () => {
    const own = script.modules.filter(id => id.startsWith(root)).map(id => id.slice(root.length));
    expect(own.sort()).toEqual([...PURE].sort());
    expect(script.modules.filter(id => id.includes('node_modules'))).toEqual([]);
  });

  it('run where there is no browser', () => {
    for (const name of ['window', 'self', 'navigator', 'performance', 'VideoFrame', 'setTimeout', 'process'])
      expect(evaluate(`typeof ${name}`)).toBe('undefined');
    const source = '{ width: 2, height: 2, pixelAspectRatio: 1, rotation: 0, flip: false, colorSpace: {} }';
    expect(evaluate(`videoChange(${source}, { ...${source}, width: 4 })`)).toBe('video-size');
    expect(evaluate('new VideoClock().map(500, 1000)')).toEqual({ time: 0, repaired: false });
    expect(evaluate('new AudioClock().observe(500, 1000, 10)')).toBe(500);
    expect(evaluate('new AudioTimeline(0, 48000).place(1e6, 480)')).toEqual({
      silence: 48_000,
      skip: 0,
      stretch: 0,
    });
    expect(evaluate('new DriftFollower().follow(1, 1)')).toBe(0);
    expect(evaluate('new ConstantRate(30).place(5)')).toEqual({ action: 'take', time: 5, repeats: [] });
    expect(evaluate('new RecordingTime({ now: () => 7 }, () => {}).began')).toBe(7);
    expect(evaluate('resolveOptions({}).cut.minFileDuration')).toBe(1);
    expect(evaluate("parseKey('nothing') === undefined")).toBe(true);
    expect(evaluate('codecStrings("avc", { width: 1280, height: 720, frameRate: 30 }, 1e6)[0]')).toBe(
      'avc1.64001f',
    );
    expect(evaluate('[...rgbaToI420(new Uint8Array(4), 1, 1, { fullRange: false })]')).toEqual([
      16, 128, 128,
    ]);
    expect(evaluate('remix([new Float32Array(1)], 2).length')).toBe(2);
    expect(evaluate('new Stretcher().stretch([new Float32Array(9)], 0.001).length')).toBe(1);
    expect(evaluate('new AudioPlan(true).epochAtCut(0)')).toBe(1);
    expect(evaluate("avcCodecString('vp8', undefined)")).toBe('vp8');
    expect(evaluate('preSkipOf(undefined)')).toBe(312);
    expect(evaluate('emptyStats().cuts')).toBe(0);
    expect(evaluate('new AvcStream().take(new Uint8Array()).kind')).toBe('no-picture');
    expect(evaluate('new RtpTime(90000).map({ timestamp: 7, arrival: 7 }).time')).toBe(0);
    expect(evaluate('new Chain().tick(0).askForKeyFrame')).toBe(true);
    expect(evaluate('opusDuration(new Uint8Array([0xf8]))')).toBe(20_000);
  });
});
