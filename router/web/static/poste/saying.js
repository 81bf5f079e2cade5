// What the page says in words: what was just done, at the foot of the window; and, for those who
// do not look at it, what has changed.

import { byId, say } from "../shared/dom.js";

/** What was done is shown for this long. */
const SAID_MS = 12_000;
/** What changes so soon after has been said. */
const SAME_MS = 1000;

const at = { said: byId("said", HTMLElement), told: byId("told", HTMLElement) };
let said_ms = -Infinity;
/** @type {number | undefined} */
let timer;

/**
 * Say what was done.
 * @param {string} words
 */
export function tell(words) {
  clearTimeout(timer);
  said_ms = performance.now();
  at.said.classList.remove("alarm");
  say(at.said, words);
  timer = setTimeout(hush, SAID_MS);
}

/**
 * Say why something was not done.
 * @param {string} why
 */
export function refuse(why) {
  tell(why);
  at.said.classList.add("alarm");
}

/** Leave nothing said. */
export function hush() {
  clearTimeout(timer);
  say(at.said, "");
  say(at.told, "");
}

/**
 * Say what has changed to those who do not see it, unless it was asked for and answered just now.
 * @param {string} words
 */
export function announce(words) {
  if (performance.now() - said_ms >= SAME_MS) say(at.told, words);
}
