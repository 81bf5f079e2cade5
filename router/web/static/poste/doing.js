// What an informateur does, by the state of the desk and of its call; the wallboard says the same
// (router/web/wallboard/board.py).

/** @typedef {import("./types").Desk} Desk */
/** @typedef {keyof typeof import("../shared/texts.js").texts.shared.doing} Doing */

/** @type {Record<string, Doing>} */
const AT_REST = {
  ready: "ready",
  reserved: "ringing",
  ringing: "ringing",
  "wrapping up": "noting",
  paused: "paused",
};
/** @type {Record<string, Doing>} */
const IN_CALL = {
  whispering: "answering",
  held: "holding",
  consulting: "consulting",
  referring: "referring",
};

/** What is done while there is a call at the phone. */
export const WITH_CALL = /** @type {readonly Doing[]} */ ([
  "ringing",
  "answering",
  "talking",
  "holding",
  "consulting",
  "consulted",
  "referring",
]);

/**
 * Return what the informateur does.
 * @param {Desk} desk
 * @returns {Doing}
 */
export function doing(desk) {
  if (desk.state === "logged out") return desk.phone === null ? "off" : "away";
  if (desk.state !== "talking") return AT_REST[desk.state] ?? "off";
  if (desk.call?.consulted) return "consulted";
  return IN_CALL[desk.call?.state ?? ""] ?? "talking";
}
