/** An element of the page as HTML that stands for itself: as it looks, with the styles that it has. In the page. */
import { STYLE, type StaticHtml, xmlOf } from './html.ts';

let inert: Document | undefined;

/** Copies are made in a document that is never shown: no policy of the page's is about them, and nothing in them runs. */
const aside = (): Document => (inert ??= document.implementation.createHTMLDocument(''));

const styleText = (style: CSSStyleDeclaration): string =>
  Array.from(style, name => `${name}:${style.getPropertyValue(name)}`).join(';');

/** What an element shows that is no HTML: a canvas, a picture, a video. @throws when it is of another origin, without CORS. */
const shownBy = (element: HTMLCanvasElement | HTMLImageElement | HTMLVideoElement): string => {
  const { width, height } = element.getBoundingClientRect();
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(width * devicePixelRatio));
  canvas.height = Math.max(1, Math.round(height * devicePixelRatio));
  try {
    canvas.getContext('2d')?.drawImage(element, 0, 0, canvas.width, canvas.height);
    return canvas.toDataURL();
  } catch {
    throw new Error('it holds a picture of another origin, without CORS');
  }
};

const isPicture = (element: Element): element is HTMLCanvasElement | HTMLImageElement | HTMLVideoElement =>
  element instanceof HTMLCanvasElement ||
  element instanceof HTMLImageElement ||
  element instanceof HTMLVideoElement;

/** Text before or behind an element that its style asks for. */
const pseudo = (element: Element, which: '::before' | '::after'): HTMLElement | undefined => {
  const style = getComputedStyle(element, which);
  const text = /^"(.*)"$/s.exec(style.content)?.[1];
  if (text === undefined) return undefined;
  const span = aside().createElement('span');
  span.setAttribute(STYLE, styleText(style));
  span.textContent = text;
  return span;
};

/** Nothing that its own style does not say better. */
const LEFT_OUT = /^(?:style|class|on\w+)$/i;

const bareCopyOf = (element: Element): Element => {
  const copy = aside().createElementNS(element.namespaceURI, element.localName);
  for (const { name, value } of element.attributes) if (!LEFT_OUT.test(name)) copy.setAttribute(name, value);
  return copy;
};

const copyOf = (element: Element): Element | undefined => {
  const style = getComputedStyle(element);
  if (style.display === 'none') return undefined;
  const copy = isPicture(element) ? aside().createElement('img') : bareCopyOf(element);
  if (isPicture(element)) copy.setAttribute('src', shownBy(element));
  copy.setAttribute(STYLE, styleText(style));
  if (element instanceof HTMLInputElement) copy.setAttribute('value', element.value);
  if (element instanceof HTMLTextAreaElement) copy.textContent = element.value;
  else copy.append(...childrenOf(element));
  return copy;
};

const childrenOf = (element: Element): Node[] => {
  if (isPicture(element)) return [];
  const own = [...element.childNodes].flatMap(child => {
    if (child instanceof Text) return aside().importNode(child);
    return child instanceof Element ? (copyOf(child) ?? []) : [];
  });
  return [pseudo(element, '::before') ?? [], own, pseudo(element, '::after') ?? []].flat();
};

/**
 * An element as it looks now; `undefined` while it is not shown.
 *
 * @throws when something outside would have to be loaded.
 */
export const fromElement = (element: HTMLElement): StaticHtml | undefined => {
  const { offsetWidth: width, offsetHeight: height } = element;
  if (width === 0 || height === 0) return undefined;
  const copy = copyOf(element);
  if (!copy) return undefined;
  // Where it lies in the page means nothing here.
  const placed = `position:relative;inset:auto;margin:0;transform:none;box-sizing:border-box;width:${width}px;height:${height}px`;
  copy.setAttribute(STYLE, `${copy.getAttribute(STYLE)};${placed}`);
  return { xml: xmlOf(copy), box: { width, height } };
};
