import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { audioChange } from '../../src/cut/parameters.ts';
import type { AudioSource } from '../../src/media.ts';
import { AudioPlan } from '../../src/worker/audio-plan.ts';

const SECOND = 1_000_000;
const STEREO: AudioSource = { sampleRate: 48_000, numberOfChannels: 2 };
const MONO: AudioSource = { sampleRate: 48_000, numberOfChannels: 1 };
const CD: AudioSource = { sampleRate: 44_100, numberOfChannels: 2 };

describe('a recording without audio', () => {
  it('has no epochs, and the audio is no reason to cut', () => {
    const plan = new AudioPlan(false);
    expect(plan.changeBefore(0)).toBeUndefined();
    expect(plan.epochAtCut(0)).toBeUndefined();
    expect(plan.epochAt(0)).toBeUndefined();
  });
});

describe('one epoch', () => {
  it('begins with the first file, and what arrives tells its parameters', () => {
    const plan = new AudioPlan(true);
    expect(plan.epochAtCut(0)).toBe(1);
    expect(plan.epochAt(0)).toEqual({ id: 1, startTime: 0, source: undefined });
    plan.arrived(20_000, STEREO);
    expect(plan.epochAt(20_000)).toEqual({ id: 1, startTime: 0, source: STEREO });
    expect(plan.changeBefore(SECOND)).toBeUndefined();
  });

  it('has the parameters that were there before the first file', () => {
    const plan = new AudioPlan(true);
    plan.arrived(-20_000, CD);
    plan.epochAtCut(0);
    expect(plan.epochAt(0)?.source).toEqual(CD);
  });

  it('holds what lies before it as well', () => {
    const plan = new AudioPlan(true);
    plan.epochAtCut(SECOND);
    expect(plan.epochAt(0)?.id).toBe(1);
  });

  it('goes on over cuts that are not its own', () => {
    const plan = new AudioPlan(true);
    plan.epochAtCut(0);
    plan.arrived(0, STEREO);
    expect([1, 2, 3].map(second => plan.epochAtCut(second * SECOND))).toEqual([1, 1, 1]);
    expect(plan.epochAt(5 * SECOND)).toMatchObject({ id: 1, startTime: 0 });
  });

  it('takes the parameters that are assumed for silence, and then those are the file’s', () => {
    const plan = new AudioPlan(true);
    plan.assume(MONO);
    plan.epochAtCut(0);
    plan.assume(MONO);
    plan.assume(CD);
    expect(plan.epochAt(0)?.source).toEqual(MONO);
    plan.arrived(2 * SECOND, STEREO);
    expect(plan.epochAt(0)?.source).toEqual(MONO);
    expect(plan.changeBefore(2 * SECOND)).toBe('audio-channels');
  });

  it('does not take assumed parameters where there are real ones', () => {
    const plan = new AudioPlan(true);
    plan.epochAtCut(0);
    plan.arrived(0, STEREO);
    plan.assume(MONO);
    expect(plan.epochAt(0)?.source).toEqual(STEREO);
  });
});

describe('a change', () => {
  const changing = (): AudioPlan => {
    const plan = new AudioPlan(true);
    plan.epochAtCut(0);
    plan.arrived(0, STEREO);
    plan.arrived(3 * SECOND, CD);
    return plan;
  };

  it('is a reason to cut from where it lies on, not before', () => {
    const plan = changing();
    expect(plan.changeBefore(3 * SECOND - 1)).toBeUndefined();
    expect(plan.changeBefore(3 * SECOND)).toBe('audio-sample-rate');
    plan.arrived(5 * SECOND, MONO);
    expect(plan.changeBefore(5 * SECOND)).toBe('audio-channels');
  });

  it('begins an epoch at the cut, and is a reason no more', () => {
    const plan = changing();
    expect(plan.epochAtCut(2 * SECOND)).toBe(1);
    expect(plan.epochAtCut(3_033_333)).toBe(2);
    expect(plan.changeBefore(4 * SECOND)).toBeUndefined();
    expect(plan.epochAt(3_033_332)).toMatchObject({ id: 1, source: STEREO });
    expect(plan.epochAt(3_033_333)).toEqual({ id: 2, startTime: 3_033_333, source: CD });
    expect(plan.epochAtCut(5 * SECOND)).toBe(2);
  });

  it('that is taken back before the cut is none', () => {
    const plan = changing();
    plan.arrived(3_200_000, STEREO);
    expect(plan.changeBefore(4 * SECOND)).toBeUndefined();
    expect(plan.epochAtCut(4 * SECOND)).toBe(1);
  });

  it('the same parameters over and over are no change', () => {
    const plan = changing();
    plan.epochAtCut(3 * SECOND);
    for (let i = 0; i < 100; i++) plan.arrived(3 * SECOND + i * 10_000, { ...CD });
    expect(plan.changeBefore(5 * SECOND)).toBeUndefined();
  });

  it('epochs whose audio is encoded are forgotten, the others not', () => {
    const plan = changing();
    plan.epochAtCut(3 * SECOND);
    plan.arrived(6 * SECOND, MONO);
    plan.epochAtCut(6 * SECOND);
    plan.forgetBefore(2);
    expect(plan.epochAt(0)?.id).toBe(2);
    expect(plan.epochAt(6 * SECOND)?.id).toBe(3);
    expect(plan.epochAtCut(7 * SECOND)).toBe(3);
  });
});

describe('the end of the track', () => {
  it('is a reason to cut, and files from there on have no audio', () => {
    const plan = new AudioPlan(true);
    plan.epochAtCut(0);
    plan.arrived(0, STEREO);
    plan.end();
    expect(plan.changeBefore(SECOND)).toBe('track-removed');
    expect(plan.epochAtCut(SECOND)).toBeUndefined();
    expect(plan.changeBefore(2 * SECOND)).toBeUndefined();
    expect(plan.epochAtCut(2 * SECOND)).toBeUndefined();
  });

  it('before the first file: there is no audio at all', () => {
    const plan = new AudioPlan(true);
    plan.end();
    expect(plan.epochAtCut(0)).toBeUndefined();
    expect(plan.changeBefore(SECOND)).toBeUndefined();
  });

  it('outweighs a change of parameters', () => {
    const plan = new AudioPlan(true);
    plan.epochAtCut(0);
    plan.arrived(0, STEREO);
    plan.arrived(SECOND, MONO);
    plan.end();
    expect(plan.changeBefore(2 * SECOND)).toBe('track-removed');
  });
});

describe('a track that comes again, or for the first time', () => {
  it('begins an epoch at the next cut, for which it is the reason', () => {
    const plan = new AudioPlan(false);
    plan.epochAtCut(0);
    plan.expect();
    expect(plan.changeBefore(SECOND)).toBe('track-added');
    expect(plan.epochAtCut(SECOND)).toBe(1);
    plan.arrived(SECOND, MONO);
    expect(plan.epochAt(SECOND)).toEqual({ id: 1, startTime: SECOND, source: MONO });
  });

  it('has an epoch of its own number: files may still wait for audio of the one before', () => {
    const plan = new AudioPlan(true);
    plan.epochAtCut(0);
    plan.arrived(0, STEREO);
    plan.end();
    plan.epochAtCut(SECOND);
    plan.expect();
    expect(plan.epochAtCut(2 * SECOND)).toBe(2);
    // What it will be like, only its audio says.
    expect(plan.epochAt(2 * SECOND)?.source).toBeUndefined();
    plan.arrived(2 * SECOND, CD);
    expect(plan.epochAt(2 * SECOND)?.source).toEqual(CD);
  });
});

describe('any row of changes and cuts', () => {
  const steps = fc.array(
    fc.record({
      step: fc.integer({ min: 1, max: 3 * SECOND }),
      source: fc.constantFrom(STEREO, MONO, CD),
      cut: fc.boolean(),
    }),
    { maxLength: 60 },
  );

  it('one epoch after the other, each with other parameters, and a change is no reason just after the cut', () => {
    fc.assert(
      fc.property(steps, all => {
        const plan = new AudioPlan(true);
        plan.epochAtCut(0);
        const cuts: { time: number; id: number | undefined }[] = [{ time: 0, id: 1 }];
        let time = 0;
        for (const { step, source, cut } of all) {
          time += step;
          plan.arrived(time, source);
          if (!cut) continue;
          const reason = plan.changeBefore(time);
          const before = cuts.at(-1)?.id ?? 0;
          const id = plan.epochAtCut(time);
          expect(id).toBe(reason === undefined ? before : before + 1);
          expect(plan.changeBefore(time)).toBeUndefined();
          cuts.push({ time, id });
          const epoch = plan.epochAt(time);
          if (epoch?.source) expect(audioChange(epoch.source, source)).toBeUndefined();
        }
        for (const { time: at, id } of cuts) expect(plan.epochAt(at)?.id).toBe(id);
      }),
    );
  });
});
