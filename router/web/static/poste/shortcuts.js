// One key does what a button does that carries it in `data-key`; it is written on the button.
//
// A key alone does nothing in a field, with a dialog open or with Ctrl, Alt or Meta, and all of it
// can be switched off (WCAG 2.1.4).

import { element } from "../shared/dom.js";

const KEPT = "poste.shortcuts";
/** Fields into which nothing is typed. */
const NOT_TYPED = new Set(["radio", "checkbox", "button", "submit"]);

/** Whether single keys are used; remembered by this browser. */
export function inUse() {
  return localStorage.getItem(KEPT) !== "off";
}

/** @param {boolean} use */
export function setUse(use) {
  localStorage.setItem(KEPT, use ? "on" : "off");
  mark();
}

/** Write keys on buttons as long as they do something. */
function mark() {
  document.documentElement.toggleAttribute("data-no-shortcuts", !inUse());
}

/**
 * Write on a button what it does, and the key for it.
 * @param {HTMLElement} button
 * @param {string} text
 */
export function label(button, text) {
  const key = button.dataset.key;
  if (button.dataset.says === text) return;
  button.dataset.says = text;
  button.replaceChildren(text);
  if (!key) return;
  button.append(" ", element("kbd", { "aria-hidden": "true" }, key.toUpperCase()));
  button.setAttribute("aria-keyshortcuts", key.toUpperCase());
}

/** Listen for the keys. */
export function listen() {
  mark();
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || event.isComposing) return;
    if (!inUse() || document.querySelector("dialog[open]")) return;
    const on = /** @type {HTMLElement} */ (event.target);
    const isField = on.matches("textarea, select, [contenteditable]");
    if (isField || (on instanceof HTMLInputElement && !NOT_TYPED.has(on.type))) return;
    const key = event.key.toLowerCase();
    const button = [...document.querySelectorAll("[data-key]")].find(
      (one) => one.getAttribute("data-key") === key && one.checkVisibility(),
    );
    if (!(button instanceof HTMLElement)) return;
    if (button.matches(":disabled, [aria-disabled=true]")) return;
    event.preventDefault();
    button.click();
  });
}
