/** Minifying once more what is minified. */
import { minify as terser } from 'terser';
import { minify } from 'vite';

/**
 * Terser puts functions that are used once where they are used, which Vite's minifier does not. Names come last: Terser leaves
 * those of private members as they are.
 *
 * @param {string} code of a script.
 * @returns {Promise<string>}
 */
export const squeezed = async code => {
  const result = await terser(code, { ecma: 2020, compress: { ecma: 2020, passes: 2 }, mangle: false });
  const { code: named, errors } = await minify('bundle.js', result.code ?? '', {
    compress: { target: 'es2022' },
    mangle: true,
    codegen: { removeWhitespace: true },
  });
  if (errors[0]) throw new Error(errors[0].message);
  return named;
};
