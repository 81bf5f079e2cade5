// A list to choose from in a dialog: typing narrows it, arrows move, Enter chooses, Escape leaves.
// The pattern is ARIA's combobox with a list that is always shown.

/** @typedef {import("./types").Option} Option */

/**
 * @typedef {object} Way one of the things that can be done with what is chosen
 * @property {string} id
 * @property {string} text
 * @property {(option: Option) => boolean} [allows] whether it can be done with this one
 */

import { element, say } from "../shared/dom.js";
import { counted, texts } from "../shared/texts.js";

const { choose: said } = texts.poste;

/**
 * Return the words of a text as they are compared: without accents and capitals.
 * @param {string} text
 */
function plain(text) {
  return text.normalize("NFD").replace(/\p{Diacritic}/gu, "").toLowerCase();
}

/**
 * Return the options that a search leaves: those whose code begins with its digits, and whose name,
 * hint or id has its words.
 * @param {readonly Option[]} options
 * @param {string} search
 */
export function matching(options, search) {
  const words = plain(search).split(/\s+/).filter(Boolean);
  return options.filter(({ name, code = "", hint = "", id }) => {
    const text = plain(`${name} ${hint} ${id}`);
    return words.every((word) =>
      /^\d+$/.test(word) ? code.startsWith(word) : text.includes(word),
    );
  });
}

/**
 * Have one of the options chosen; null: none was.
 * @param {HTMLDialogElement} dialog
 * @param {string} title
 * @param {readonly Option[]} options
 * @param {readonly Way[]} ways the first is what Enter does
 * @returns {Promise<{ option: Option, way: string } | null>}
 */
export function choose(dialog, title, options, ways) {
  const search = element("input", {
    id: "choice-search",
    type: "text",
    role: "combobox",
    autocomplete: "off",
    spellcheck: "false",
    "aria-autocomplete": "list",
    "aria-expanded": "true",
    "aria-controls": "choice-list",
    "aria-describedby": "choice-found",
  });
  const list = element("ul", {
    id: "choice-list",
    role: "listbox",
    "aria-labelledby": "choice-title",
  });
  const found = element("p", { id: "choice-found", class: "hint", role: "status" });
  const buttons = ways.map(({ id, text }, place) =>
    element("button", { type: "submit", value: id, ...(place === 0 && { class: "first" }) }, text),
  );
  const leave = element("button", { type: "button" }, said.cancel);
  const form = element(
    "form",
    { method: "dialog" },
    element("h2", { id: "choice-title" }, title),
    element("label", { for: "choice-search" }, said.search),
    search,
    list,
    found,
    element("div", { class: "actions" }, ...buttons, leave),
  );

  /** @type {readonly Option[]} */
  let left = options;
  let place = 0;

  function draw() {
    left = matching(options, search.value);
    place = Math.max(0, Math.min(place, left.length - 1));
    list.replaceChildren(
      ...left.map(({ name, code, hint }, at) =>
        element(
          "li",
          { id: `choice-${at}`, role: "option", "aria-selected": String(at === place) },
          element("span", {}, name),
          hint ? element("span", { class: "hint" }, hint) : null,
          code ? element("kbd", {}, code) : null,
        ),
      ),
    );
    say(found, left.length ? counted(left.length, said.found) : said.none);
    point();
  }

  function point() {
    [...list.children].forEach((one, at) =>
      one.setAttribute("aria-selected", String(at === place)),
    );
    const option = left[place];
    if (option) search.setAttribute("aria-activedescendant", `choice-${place}`);
    else search.removeAttribute("aria-activedescendant");
    list.children[place]?.scrollIntoView({ block: "nearest" });
    ways.forEach(({ allows }, at) => {
      const button = /** @type {HTMLButtonElement} */ (buttons[at]);
      button.disabled = !option || !(allows?.(option) ?? true);
    });
  }

  /** @param {number} to */
  function move(to) {
    place = Math.max(0, Math.min(to, left.length - 1));
    point();
  }

  search.addEventListener("input", () => {
    place = 0;
    draw();
  });
  search.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 };
    const to = by[/** @type {keyof typeof by} */ (event.key)];
    if (to === undefined) return;
    event.preventDefault();
    move(place + to);
  });
  list.addEventListener("click", (event) => {
    const on = /** @type {Element} */ (event.target).closest("li");
    if (on) move([...list.children].indexOf(on));
    search.focus();
  });
  list.addEventListener("dblclick", () => form.requestSubmit(buttons.find((one) => !one.disabled)));
  leave.addEventListener("click", () => dialog.close(""));

  dialog.replaceChildren(form);
  dialog.returnValue = "";
  draw();
  dialog.showModal();
  search.focus();
  return new Promise((done) => {
    dialog.addEventListener(
      "close",
      () => {
        const option = left[place];
        const way = dialog.returnValue;
        done(way && option ? { option, way } : null);
      },
      { once: true },
    );
  });
}
