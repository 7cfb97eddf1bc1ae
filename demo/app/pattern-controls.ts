/** The controls that change the test pattern while it runs. */
import type { TestPattern, TestPatternChange } from '../test-pattern/index.ts';
import { byId, chosen } from './dom.ts';

const ROTATIONS = [0, 90, 180, 270] as const;

/** What the controls say. */
const wanted = (): TestPatternChange => {
  const [width = 640, height = 360] = chosen('size').split('x').map(Number);
  return {
    size: { width, height },
    rotation: ROTATIONS.find(rotation => String(rotation) === chosen('rotation')) ?? 0,
    fullRange: byId('full-range', HTMLInputElement).checked,
    sampleRate: Number(chosen('sample-rate')),
  };
};

/** Applies every change of the controls to the pattern that is open, if one is. */
export const bindPatternControls = (pattern: () => TestPattern | undefined): void => {
  byId('pattern-controls', HTMLFormElement).addEventListener('change', () => pattern()?.set(wanted()));
};

/** A pattern that was just opened takes over what the controls say. */
export const applyPatternControls = (pattern: TestPattern): void => pattern.set(wanted());
