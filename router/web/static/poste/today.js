// The informateur's conversations of the day, without anything that says who called.

/** @typedef {import("./types").PastCall} PastCall */

import { element } from "../shared/dom.js";
import { duration, timeOfDay } from "../shared/durations.js";
import { filled, texts } from "../shared/texts.js";

const { doors, today: said } = texts.poste;

/**
 * Show them, the latest first.
 * @param {HTMLElement} list
 * @param {HTMLElement} none what is shown as long as there are none
 * @param {readonly PastCall[]} calls
 */
export function showToday(list, none, calls) {
  none.hidden = calls.length > 0;
  list.hidden = !calls.length;
  list.replaceChildren(
    ...calls.map(({ ended, sector, fiche, door, talked_s, result }) =>
      element(
        "li",
        {},
        element("time", { datetime: ended }, timeOfDay(ended)),
        element(
          "div",
          {},
          element("p", { class: "about" }, fiche?.title ?? sector.name),
          element("p", { class: "hint" },
            filled(said.line, { kind: doors[door], talked: duration(talked_s) })),
          element("p", { class: "hint" },
            result ? filled(said.noted, { result: result.name }) : said.notNoted),
        ),
      ),
    ),
  );
}
