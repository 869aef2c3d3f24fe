/**
 * Builds elements. Everything on the page is made here from text nodes and attributes. There is no innerHTML, so the
 * text of a message, a view or an app always stays text.
 */

const SAFE_PROTOCOLS = new Set(["http:", "https:", "mailto:", "tel:"]);
const URL_ATTRIBUTES = new Set(["href", "src"]);

/** The URL if it is safe to follow or load, else null (javascript:, data:, file: … are refused). */
export function safeUrl(url) {
  try {
    return SAFE_PROTOCOLS.has(new URL(url, location.href).protocol) ? url : null;
  } catch {
    return null;
  }
}

/**
 * h("button", {class: "primary", onclick: run, testid: "send"}, "Run")
 *
 * `testid` and `data` become data attributes, `on…` listeners, `vars` CSS custom properties; null, undefined and false
 * leave an attribute out. Children may be nested arrays; null, undefined and false are skipped.
 */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) setProp(node, name, value);
  append(node, children);
  return node;
}

function setProp(node, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
  else if (name === "testid") node.dataset.testid = value;
  else if (name === "data") Object.assign(node.dataset, value);
  else if (name === "vars") for (const [key, v] of Object.entries(value)) node.style.setProperty(`--${key}`, v);
  else if (name === "value" || name === "checked" || name === "disabled" || name === "inert") node[name] = value;
  else if (URL_ATTRIBUTES.has(name)) {
    if (safeUrl(value) !== null) node.setAttribute(name, value);
  } else node.setAttribute(name, value === true ? "" : value);
}

function append(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child);
  }
}

/** Replace a node's children by these (as in `h`). */
export function fill(node, ...children) {
  node.replaceChildren();
  append(node, children);
}

/**
 * Make `nodes` the children of `parent`, and move as few as possible: a moved node loses the focus. So nodes that are
 * in order stay untouched, while others are removed or inserted around them.
 */
export function arrange(parent, nodes) {
  const keep = new Set(nodes);
  for (const child of [...parent.childNodes]) if (!keep.has(child)) child.remove();
  nodes.forEach((node, index) => {
    if (parent.childNodes[index] !== node) parent.insertBefore(node, parent.childNodes[index] ?? null);
  });
}

/**
 * A list of nodes made from items. An unchanged item keeps its node, and so the focus, the caret and an open menu.
 * `sign` gives everything on which an item's node depends.
 */
export class Keyed {
  #nodes = new Map();

  update(parent, items, { key, sign, make }) {
    const next = new Map();
    for (const item of items) {
      const id = key(item);
      const signature = sign(item);
      const old = this.#nodes.get(id);
      next.set(id, old?.signature === signature ? old : { signature, node: make(item) });
    }
    this.#nodes = next;
    arrange(parent, [...next.values()].map(({ node }) => node));
  }

  get(id) {
    return this.#nodes.get(id)?.node;
  }

  clear() {
    this.#nodes.clear();
  }
}

let counter = 0;

/** An id that is unique on the page, for aria-labelledby and the like. */
export function uid(prefix) {
  counter += 1;
  return `${prefix}-${counter}`;
}
