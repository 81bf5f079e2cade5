// The note of a call: what it was about, what came of it, where the person was directed, and
// whether the page is at fault.

/** @typedef {import("./types").Desk} Desk */
/** @typedef {import("./types").Choices} Choices */
/** @typedef {import("./types").Option} Option */

/**
 * @typedef {object} Asked what the form asks of the page it is on
 * @property {(note: Record<string, unknown>, ready: boolean) => void} save
 * @property {() => void} moreTime
 * @property {(options: Option[]) => Promise<Option | null>} subject has a subject chosen
 */

import { element, say } from "../shared/dom.js";
import { duration } from "../shared/durations.js";
import { texts } from "../shared/texts.js";
import { doing } from "./doing.js";

const { note: said } = texts.poste;

export class Note {
  /** @type {string | null} what was chosen instead of the call's own subject */
  #subject = null;
  #extended = false;
  #open = false;

  /**
   * @param {HTMLFormElement} form
   * @param {Choices} choices
   * @param {Asked} asked
   * @param {AbortSignal} ended
   */
  constructor(form, choices, asked, ended) {
    this.form = form;
    this.choices = choices;
    this.asked = asked;
    this.left = element("span", { role: "timer" });
    this.leftLine = element("p", { class: "hint" }, `${said.left} `, this.left);
    this.about = element("span", { id: "note-about" });
    const change = element("button", { type: "button" }, said.change);
    const results = choices.results.map(({ id, name }, place) =>
      element(
        "label",
        { class: "choice" },
        element("input", { type: "radio", name: "result", value: id, checked: place === 0 }),
        element("span", {}, name),
      ),
    );
    const referral = element(
      "select",
      { id: "note-referral", name: "referral" },
      element("option", { value: "" }, said.noReferral),
      ...choices.directory.map(({ id, name }) => element("option", { value: id }, name)),
    );
    const save = element("button", { type: "button" }, said.save);
    const more = element("button", { type: "button" }, said.moreTime);
    form.replaceChildren(
      element("div", { class: "heading" },
        element("h2", { id: "note-title" }, said.title),
        this.leftLine,
      ),
      element("div", { class: "field subject" },
        element("span", { class: "label" }, said.subject), " ", this.about, " ", change),
      element("fieldset", { class: "results" }, element("legend", {}, said.result), ...results),
      element("div", { class: "field" },
        element("label", { for: "note-referral" }, said.referral), referral),
      element("label", { class: "choice" },
        element("input", { type: "checkbox", name: "improve" }), element("span", {}, said.improve)),
      element("div", { class: "actions" },
        element("button", { class: "first" }, said.saveReady), save, more),
    );
    /** @type {(event: SubmitEvent) => void} */
    const submit = (event) => {
      event.preventDefault();
      this.#save(true);
    };
    /** @type {(event: KeyboardEvent) => void} */
    const enter = (event) => {
      if (event.key === "Enter" && event.ctrlKey) this.#save(true);
    };
    form.addEventListener("submit", submit, { signal: ended });
    form.addEventListener("keydown", enter, { signal: ended });
    form.addEventListener("input", () => this.#extend(), { signal: ended });
    save.addEventListener("click", () => this.#save(false));
    more.addEventListener("click", () => this.#ask());
    change.addEventListener("click", () => this.#change());
  }

  /** @param {Desk} desk */
  show(desk) {
    const noting = desk.noting;
    if (!noting || !this.#open) {
      this.#subject = null;
      this.#extended = false;
      this.form.reset();
    }
    this.#open = noting !== null;
    this.form.hidden = !this.#open;
    // While no call comes, the state says how long that lasts.
    this.leftLine.hidden = doing(desk) === "noting";
    if (noting) this.#sayAbout(noting.fiche?.title ?? noting.sector.name);
  }

  /** Lead to the first question. */
  focus() {
    /** @type {HTMLInputElement | null} */
    const checked = this.form.querySelector("input[name=result]:checked");
    checked?.focus();
  }

  /** @param {number} left_s */
  tick(left_s) {
    say(this.left, duration(left_s));
  }

  /** @param {string} own the call's own subject */
  #sayAbout(own) {
    say(this.about, this.#subject === null ? own : this.#nameOf(this.#subject));
  }

  /** @param {string} id */
  #nameOf(id) {
    const { fiches, sectors } = this.choices;
    const fiche = fiches.find((one) => one.id === id);
    return fiche?.title ?? sectors.find((one) => one.id === id)?.name ?? id;
  }

  async #change() {
    this.#extend();
    const { sectors, fiches } = this.choices;
    const names = new Map(sectors.map(({ id, name }) => [id, name]));
    const chosen = await this.asked.subject([
      ...sectors.map(({ id, name, code }) => ({ id, name, code })),
      ...fiches.map(({ id, title, sector }) => ({
        id,
        name: title,
        hint: `${names.get(sector) ?? sector}, ${id}`,
        code: id.replace(/^\D+/, ""),
      })),
    ]);
    if (!chosen) return;
    this.#subject = chosen.id;
    say(this.about, chosen.name);
  }

  /** Whoever begins to note gets the time to do so. */
  #extend() {
    if (!this.#extended) this.#ask();
  }

  #ask() {
    this.#extended = true;
    this.asked.moreTime();
  }

  /** @param {boolean} ready */
  #save(ready) {
    if (!this.#open) return;
    const given = new FormData(this.form);
    this.asked.save(
      {
        result: given.get("result"),
        improve: given.has("improve"),
        ...(this.#subject !== null && { subject: this.#subject }),
        ...(given.get("referral") && { referral: given.get("referral") }),
      },
      ready,
    );
  }
}
