/** Minifying once more what is minified. */
import { minify as terser } from 'terser';
import { minify } from 'vite';

/**
 * Names that only classes of our own have, and what these are given: never on a side of a message, in a file, or in the hands of a page.
 * They are shortened in all bundles that stand alone, and alike, as what is loaded into a worker has to do with its objects. Tests hold
 * that nobody else has them. New ones go to the end, and none is taken out: the short name is by the place, and a worker may load what
 * a later build has put in the place of its own.
 */
export const INTERNAL = `
  addAudio addVideo allStored announce announceAudio arrived assume audioChange audioEnded ballast beginFile
  capturedAfter caughtUp changeBefore closeAudio closeVideo decidedUpTo defersLength durable endAll
  endAudio endAudioBefore endBefore endVideo epochAt epochAtCut expectedBytes fallsBack fillUntil finishWhenDone
  forgetBefore freshHeaders goOnAt haltedAt hasVideo inMemory isSteady keepRate keeper keepsRecordings keyFrameAt
  lastProgress lastTime lengthKnown moveBack movedOn naturalEnd newFile onBytes onComplete onDecided onEnded onItem
  onPacket onRecord onResumed onShortage onStorageError onStored onTrouble onUncaught onUpload onWaiting openSink
  openStore overlaid patience prolonged readOn reasonForFirst reasonNow rebase refill removeWhenStored resumedAt
  routeAudio segmentBytes settleAt settleNow soundMayWait standStill stoppedAt takeOver timeAt timeOf typicalStep
  unseen videoNow waitFor
`
  .trim()
  .split(/\s+/);

const SHORT = Object.fromEntries(INTERNAL.map((name, index) => [`$${name}`, `_${index.toString(36)}`]));
const properties = { regex: new RegExp(`^(${INTERNAL.join('|')})$`), keep_quoted: true };

/**
 * Terser puts functions that are used once where they are used, which Vite's minifier does not. Names come last: Terser leaves
 * those of private members as they are.
 *
 * @param {string} code of a script.
 * @returns {Promise<string>}
 */
export const squeezed = async code => {
  const nameCache = { vars: {}, props: { props: { ...SHORT } } };
  const compress = { ecma: /** @type {const} */ (2020), passes: 2 };
  const result = await terser(code, { ecma: 2020, compress, mangle: { properties }, nameCache });
  const { code: named, errors } = await minify('bundle.js', result.code ?? '', {
    compress: { target: 'es2022' },
    mangle: true,
    codegen: { removeWhitespace: true },
  });
  if (errors[0]) throw new Error(errors[0].message);
  return named;
};
