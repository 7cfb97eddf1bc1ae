/**
 * HTML as a picture: inside an SVG, which the browser draws as an image. So no script in it ever runs, and nothing is
 * loaded for it. In the page.
 */

import { drawn } from './picture.ts';

/** Size in CSS pixels. */
export interface HtmlBox {
  width: number;
  height: number;
}

/** HTML that is ready to be drawn: XML, with everything in it. */
export interface StaticHtml {
  xml: string;
  box: HtmlBox;
}

/**
 * What a copy has in the place of its `style`: a policy of the page's that forbids inline styles is heeded wherever an element is made,
 * shown or not, and would complain.
 */
export const STYLE = 'data-steadyreel-style';

/** Elements that load or run something, or mean nothing in a picture. */
const UNWANTED = 'script, noscript, iframe, frame, object, embed, link, meta, base, audio, template';
/** Attributes by which something is loaded; the address of a link is none. */
const LOADING = ['src', 'srcset', 'poster', 'background', 'data', 'href', 'xlink:href'];
const LINKS = 'a, area';

const isInside = (address: string): boolean => /^\s*(?:#|data:|$)/i.test(address);

/** The first address of something outside that CSS asks for. The browser would load none of it; this is so that it is told. */
const addressIn = (css: string): string | undefined => {
  const imported = /@import\s+["']?([^"';]*)/i.exec(css)?.[1];
  if (imported !== undefined) return imported;
  const asked = [...css.matchAll(/(?:url|image-set)\(\s*["']?([^"')]*)/gi)].map(
    ([, address = '']) => address,
  );
  return asked.find(address => !isInside(address) && !/^url\(/i.test(address));
};

/** The first address of something outside that an element asks for. */
const addressOf = (element: Element): string | undefined => {
  for (const { name, value } of element.attributes) {
    const loads = LOADING.includes(name.toLowerCase()) && !element.matches(LINKS);
    if (loads && !isInside(value)) return value;
    const styled = name === STYLE || /url\(/i.test(value) ? addressIn(value) : undefined;
    if (styled !== undefined) return styled;
  }
  return element.localName === 'style' ? addressIn(element.textContent ?? '') : undefined;
};

const checkInside = (root: Element): void => {
  for (const element of [root, ...root.querySelectorAll('*')]) {
    const address = addressOf(element);
    if (address !== undefined)
      throw new Error(
        `its HTML asks for ${address.slice(0, 100)}: nothing is loaded for it. Put pictures and fonts into it as data: addresses`,
      );
  }
};

/** All of an element, as XML. @throws when something outside would have to be loaded. */
export const xmlOf = (root: Element): string => {
  for (const unwanted of root.querySelectorAll(UNWANTED)) unwanted.remove();
  checkInside(root);
  return new XMLSerializer().serializeToString(root).replaceAll(` ${STYLE}=`, ' style=');
};

/** HTML of a string. It is never a part of the page. @throws when something outside would have to be loaded. */
export const fromString = (html: string, box: HtmlBox): StaticHtml => {
  const template = document.createElement('template');
  template.innerHTML = html.replace(/(<[a-z][^<>]*?\s)style(?=\s*=)/gi, `$1${STYLE}`);
  const root = template.content.ownerDocument.createElement('div');
  root.append(template.content);
  return { xml: xmlOf(root), box };
};

/** @throws when the browser can't draw it. */
export const drawHtml = async ({ xml, box }: StaticHtml, pixelRatio: number): Promise<ImageBitmap> => {
  const width = Math.ceil(box.width * pixelRatio);
  const height = Math.ceil(box.height * pixelRatio);
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${box.width} ${box.height}">` +
    `<foreignObject width="100%" height="100%">${xml}</foreignObject></svg>`;
  const image = new Image();
  // As a blob it would be taken for something of another origin (Chromium 156).
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  try {
    await image.decode();
  } catch {
    throw new Error(`its HTML can't be drawn as a picture; a content security policy needs img-src data:`);
  }
  return drawn(image, width, height);
};
