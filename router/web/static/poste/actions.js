// What an informateur can ask for, as buttons: which are there in each state, and the key of each.

/** @typedef {import("./types").Desk} Desk */
/** @typedef {import("./doing.js").Doing} Doing */

/**
 * @typedef {object} Action
 * @property {Exclude<keyof typeof said, "help" | "leave" | "readFiche">} id
 * @property {string} key what a key alone does; "": none
 * @property {"state-actions" | "call-actions"} place
 * @property {readonly Doing[]} when it can be asked for
 * @property {readonly Doing[]} [first] when it stands out
 * @property {(desk: Desk) => boolean} [allowed] whether it can be asked for just now
 */

import { byId, element } from "../shared/dom.js";
import { texts } from "../shared/texts.js";
import { WITH_CALL, doing } from "./doing.js";
import { label } from "./shortcuts.js";

const said = texts.poste.actions;
/** @type {readonly Doing[]} */
const ASIDE = ["consulting", "referring"];
/** @type {readonly Doing[]} */
const WITH_CALLER = ["talking", "holding"];

/** @type {readonly Action[]} */
export const ACTIONS = [
  { id: "ready", key: "r", place: "state-actions", when: ["paused", "noting"], first: ["paused"] },
  { id: "pause", key: "p", place: "state-actions", when: ["ready", "noting", "paused"] },
  { id: "pauseAfter", key: "p", place: "state-actions", when: WITH_CALL },
  {
    id: "forget",
    key: "r",
    place: "state-actions",
    when: WITH_CALL,
    allowed: (desk) => desk.after_call !== null,
  },
  { id: "elsewhere", key: "", place: "state-actions", when: ["ready", "paused", "noting"] },
  { id: "hold", key: "a", place: "call-actions", when: ["talking"] },
  { id: "retrieve", key: "a", place: "call-actions", when: ["holding"], first: ["holding"] },
  {
    id: "complete",
    key: "v",
    place: "call-actions",
    when: ["consulting"],
    first: ["consulting"],
    allowed: (desk) => desk.call?.aside?.joined ?? false,
  },
  { id: "cancel", key: "a", place: "call-actions", when: ASIDE },
  { id: "transfer", key: "t", place: "call-actions", when: WITH_CALLER },
  { id: "consult", key: "c", place: "call-actions", when: WITH_CALLER },
  { id: "refer", key: "o", place: "call-actions", when: WITH_CALLER },
  { id: "end", key: "f", place: "call-actions", when: ["talking"] },
];

export class Actions {
  /** @type {Map<Action, HTMLButtonElement>} */
  #buttons = new Map();

  /** @param {(action: Action["id"]) => void} asked */
  constructor(asked) {
    for (const place of ["state-actions", "call-actions"]) {
      byId(place, HTMLElement).replaceChildren();
    }
    for (const action of ACTIONS) {
      const { id, key, place } = action;
      const button = element("button", {
        type: "button",
        id: `do-${id}`,
        hidden: true,
        ...(key && { "data-key": key }),
      });
      label(button, said[id]);
      button.addEventListener("click", () => {
        if (button.getAttribute("aria-disabled") !== "true") asked(id);
      });
      byId(place, HTMLElement).append(button);
      this.#buttons.set(action, button);
    }
  }

  /**
   * Show what can be asked for; nothing while the service is out of reach.
   * @param {Desk} desk
   * @param {boolean} reachable
   */
  show(desk, reachable) {
    const does = doing(desk);
    for (const [{ id, when, first, allowed }, button] of this.#buttons) {
      const can = allowed?.(desk) ?? true;
      // What cannot be done yet is there; what was not asked for is not.
      button.hidden = !when.includes(does) || (id === "forget" && !can);
      button.classList.toggle("first", can && (first?.includes(does) ?? false));
      button.setAttribute("aria-disabled", String(!can || !reachable));
    }
  }
}
