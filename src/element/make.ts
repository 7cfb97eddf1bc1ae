/** Making nodes of the element's shadow tree. */

/** An element with its part, by which a page can style it, and its attributes. */
export const make = <T extends keyof HTMLElementTagNameMap>(
  tag: T,
  part: string,
  attributes: Record<string, string>,
  ...children: Node[]
): HTMLElementTagNameMap[T] => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries({ part, ...attributes })) node.setAttribute(name, value);
  node.append(...children);
  return node;
};
