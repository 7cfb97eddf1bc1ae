/** What a call sends: the camera, or what is drawn. */
import { byId, chosen } from '../app/dom.ts';
import { openSource } from '../app/sources.ts';
import { openDrawn, type Picture } from './drawn.ts';

export type { Picture } from './drawn.ts';

/**
 * Opens the source that is chosen.
 *
 * @throws SourceUnavailableError (`source-unavailable`) whose message can be shown as it is.
 */
export const openPicture = async (): Promise<Picture> =>
  chosen('source') === 'camera' ? openSource('camera') : openDrawn();

/** The words in place of a picture; without any, the picture shows. */
export const cover = (id: string, text: string): void => {
  const node = byId(id, HTMLParagraphElement);
  node.textContent = text;
  node.hidden = text === '';
};
