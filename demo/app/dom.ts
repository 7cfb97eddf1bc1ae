/** Making and finding nodes. */

type Child = Node | string | false | undefined;
type Handler = (event: Event) => void;

interface Properties {
  /** Called on a click. */
  onclick?: Handler;
  [attribute: string]: string | boolean | undefined | Handler;
}

const apply = (node: Element, properties: Properties): void => {
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === 'function') node.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) node.setAttribute(name, value === true ? '' : value);
  }
};

/** An HTML element with attributes and children; `undefined` and `false` are left out. */
export const el = <Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Properties = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] => {
  const node = document.createElement(tag);
  apply(node, properties);
  node.append(...children.filter(child => child !== undefined && child !== false));
  return node;
};

/** An SVG element with attributes and children. */
export const svg = <Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  properties: Properties = {},
  ...children: SVGElement[]
): SVGElementTagNameMap[Tag] => {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
  apply(node, properties);
  node.append(...children);
  return node;
};

/** An icon of the page's sprite, hidden from screen readers. */
export const icon = (name: string): SVGSVGElement =>
  svg('svg', { class: 'icon', 'aria-hidden': 'true' }, svg('use', { href: `#icon-${name}` }));

/**
 * The node of the page with an id.
 *
 * @throws TypeError when the page has none, or it is of another class.
 */
export const byId = <T extends Element>(id: string, type: new () => T): T => {
  const node = document.getElementById(id);
  if (!(node instanceof type)) throw new TypeError(`The page has no ${type.name} "#${id}".`);
  return node;
};

/** The value of the chosen radio button of a name. */
export const chosen = (name: string): string =>
  document.querySelector<HTMLInputElement>(`input[name="${name}"]:checked`)?.value ?? '';
