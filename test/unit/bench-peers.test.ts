/** The parts of `npm run bench` that decide what its numbers say. */
import { expect, test } from 'vitest';
import { countLost, countWrong } from '../../bench/peers/count.mjs';
import { filled } from '../../bench/peers/docs.mjs';
import { changedFrames, lookAt } from '../../bench/peers/plan.mjs';

const SIZE = { width: 1280, height: 720 };

test('the source changes its size, its rotation and its range in turn', () => {
  const plan = { from: 10, every: 5, count: 4 };
  const looks = [9, ...changedFrames(plan)].map(frame => lookAt(frame, SIZE, plan));
  expect(looks).toEqual([
    { width: 1280, height: 720, rotation: 0, fullRange: false },
    { width: 640, height: 360, rotation: 0, fullRange: false },
    { width: 640, height: 360, rotation: 90, fullRange: false },
    { width: 640, height: 360, rotation: 90, fullRange: true },
    { width: 1280, height: 720, rotation: 90, fullRange: true },
  ]);
  expect(lookAt(1_000, SIZE, plan)).toEqual(looks[4]);
});

test('frames are lost from the first that is there to the last that was made in time', () => {
  const there = [4, 5, 6, 9, 9, -1, 10];
  const counted = { first: 4, expected: 7, lost: 2, longest: 2, repeated: 1, unreadable: 1 };
  expect(countLost(there, 14)).toEqual(counted);
  expect(countLost(there, 20)).toMatchObject({ expected: 13, lost: 8, longest: 6 });
  expect(countLost([], 14)).toMatchObject({ expected: 0, lost: 0 });
});

test('a turned picture is right as a tag and in pixels, and not as it was', () => {
  const plan = { from: 0, every: 1, count: 2 };
  const frame = { number: 1, width: 640, height: 360, rotation: 90, fullRange: false };
  expect(countWrong([frame], SIZE, plan)).toBe(0);
  expect(countWrong([{ ...frame, width: 360, height: 640, rotation: 0 }], SIZE, plan)).toBe(0);
  expect(countWrong([{ ...frame, rotation: 0 }], SIZE, plan)).toBe(1);
  expect(countWrong([{ ...frame, fullRange: true }], SIZE, plan)).toBe(1);
});

test('only what is between the marks is written anew', () => {
  const text =
    'before\n<!-- bench:a -->\nold\n<!-- /bench:a -->\nafter\n<!-- bench:b -->kept<!-- /bench:b -->';
  expect(filled(text, { a: 'new', b: '' })).toBe(text.replace('\nold\n', '\n\nnew\n\n'));
  expect(() => filled(text, { c: 'new' })).toThrow('There is no place for "c"');
});
