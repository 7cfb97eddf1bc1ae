/** The entry of `overlays.js`, which a page and a recording's worker load when there are overlays. */
export { openDesk } from '../overlays/desk.ts';
export { openBoth } from './both.ts';
export { openServer } from './overlay-server.ts';
