/** The script tag's build: all of the SDK as `window.Steadyreel`, with `<steady-recorder>` defined. */
export * from '../index.ts';
export * from './index.ts';
