// The document: elements made, found and filled, without a string ever becoming markup.

import { texts } from "./texts.js";

/**
 * Return a new element with attributes, and children as text or elements. An attribute that is
 * true is set without a value; one that is false or null is left out.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string | number | boolean | null>} [attributes]
 * @param {...(Node | string | null)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null) made.setAttribute(name, String(value));
  }
  made.append(...children.filter((one) => one !== null));
  return made;
}

/**
 * Return the element with this id, which the markup has.
 * @template {HTMLElement} T
 * @param {string} id
 * @param {{ new (): T }} kind its class, `HTMLButtonElement` for instance
 * @returns {T}
 */
export function byId(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`no ${kind.name} with the id ${id}`);
  return found;
}

/**
 * Give an element this text, unless it has it: what a screen reader reads stays undisturbed.
 * @param {Element} where
 * @param {string} text
 */
export function say(where, text) {
  if (where.textContent !== text) where.textContent = text;
}

/**
 * Fill in each `data-text` below `root` from the catalogue; `data-label` likewise becomes the
 * element's accessible name.
 * @param {ParentNode} root
 */
export function fillTexts(root) {
  for (const one of root.querySelectorAll("[data-text]")) {
    one.textContent = textNamed(one.getAttribute("data-text") ?? "");
  }
  for (const one of root.querySelectorAll("[data-label]")) {
    one.setAttribute("aria-label", textNamed(one.getAttribute("data-label") ?? ""));
  }
}

/**
 * Return the catalogue's text by its path, "poste.title".
 * @param {string} path
 * @returns {string}
 */
function textNamed(path) {
  /** @type {unknown} */
  let found = texts;
  for (const name of path.split(".")) found = /** @type {any} */ (found)?.[name];
  if (typeof found !== "string") throw new Error(`no text ${path}`);
  return found;
}
