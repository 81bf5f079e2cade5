// What a supervisor may do, each with its reason: take part in a call, pauses, skills, hours, a
// message. Buttons are there for whoever's token opens it; the service decides all the same.

import { element, say } from "../shared/dom.js";
import { filled, texts } from "../shared/texts.js";
import { clock } from "./figures.js";
import { inPlace } from "./tiles.js";

/** @typedef {import("./types").Board} Board */
/** @typedef {import("./types").Choices} Choices */
/** @typedef {import("./types").Tile} Tile */
/** @typedef {import("./feed.js").Feed} Feed */
/** @typedef {import("../shared/service.js").Service} Service */

const { shared, wallboard } = texts;
const { direct: said } = wallboard;

/** What a supervisor writes may have this many characters. */
const LONGEST = 280;
/** What an informateur does while there is somebody to listen to. */
const IN_TALK = ["talking"];

let made = 0;

/**
 * Return an input with its label.
 * @param {string} label
 * @param {HTMLElement} input
 */
function field(label, input) {
  input.id ||= `field-${++made}`;
  return element("div", { class: "field" }, element("label", { for: input.id }, label), input);
}

/**
 * Return a list to choose from.
 * @param {[string, string][]} options their values and words
 */
function select(options) {
  return element(
    "select",
    {},
    ...options.map(([value, words]) => element("option", { value }, words)),
  );
}

function whyField() {
  const input = element("input", { type: "text", maxlength: LONGEST, required: true, autocomplete: "off" });
  return { input, line: field(said.why, input) };
}

export class Directing {
  #feed;
  #service;
  #choices;
  #phone = "";

  /**
   * @param {Feed} feed
   * @param {Service} service
   * @param {Choices} choices what there is to choose from
   */
  constructor(feed, service, choices) {
    this.#feed = feed;
    this.#service = service;
    this.#choices = choices;
  }

  get #board() {
    return /** @type {Board} */ (this.#feed.board);
  }

  /**
   * Return a form that asks for something: its fields, and a button; the answer is said below.
   * @param {string} title
   * @param {(HTMLElement | null)[]} fields
   * @param {string} button
   * @param {() => Promise<{ message: string }>} ask
   */
  #form(title, fields, button, ask) {
    const answer = element("p", { role: "status" });
    const form = element("form", { novalidate: true }, ...fields, element("button", {}, button), answer);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (!complete(form)) {
        tell(answer, said.missing, true);
        return;
      }
      try {
        tell(answer, (await ask()).message, false);
      } catch (error) {
        tell(answer, error instanceof Error ? error.message : shared.noService, true);
      }
    });
    return element("details", { class: "directive" }, element("summary", {}, title), form);
  }

  /** @returns {Promise<any>} */
  #post(/** @type {string} */ path, /** @type {Record<string, unknown>} */ body) {
    return this.#service.ask("POST", `/v1/supervision/${path}`, body);
  }

  // One informateur.

  /**
   * Return what may be done about an informateur.
   * @param {string} id
   * @param {Tile} tile
   */
  ofInformateur(id, tile) {
    const path = `agents/${encodeURIComponent(id)}`;
    const forms = [this.#skills(path, tile)];
    if (tile.doing === "paused") forms.unshift(this.#ready(path));
    else if (tile.doing !== "off") forms.unshift(this.#pause(path));
    if (IN_TALK.includes(tile.doing)) forms.unshift(this.#watch(path));
    return [element("div", { class: "directives" }, ...forms)];
  }

  #watch(/** @type {string} */ path) {
    const phone = select(this.#choices.phones.map((one) => [one, one]));
    phone.value = this.#phone || phone.value;
    const how = select(Object.entries(said.watch.how));
    const ask = () => {
      this.#phone = phone.value;
      return this.#post(`${path}/${how.value}`, { phone: phone.value });
    };
    const fields = [field(said.watch.as, how), field(said.watch.phone, phone)];
    return this.#form(said.watch.title, fields, said.watch.button, ask);
  }

  #pause(/** @type {string} */ path) {
    const reason = select(this.#choices.reasons.map(({ id, name }) => [id, name]));
    const { input, line } = whyField();
    const ask = () => this.#post(`${path}/pause`, { reason: reason.value, why: input.value });
    const fields = [field(said.pause.reason, reason), line];
    return this.#form(said.pause.title, fields, said.pause.button, ask);
  }

  #ready(/** @type {string} */ path) {
    const { input, line } = whyField();
    const ask = () => this.#post(`${path}/ready`, { why: input.value });
    return this.#form(said.ready.title, [line], said.ready.button, ask);
  }

  /**
   * @param {string} path
   * @param {Tile} tile
   */
  #skills(path, tile) {
    const levels = Array.from({ length: this.#choices.levels }, (_, index) => String(index + 1));
    const asked = new Set(this.#choices.sectors);
    const lines = inPlace(this.#board.sectors)
      .filter(([sector]) => asked.has(sector))
      .map(([sector, { name }]) => {
        const level = select([
          ["", said.skills.none],
          ...levels.map((one) => /** @type {[string, string]} */ ([one, filled(said.skills.level, { level: one })])),
        ]);
        level.dataset.sector = sector;
        level.value = String(tile.skills?.[sector] ?? "");
        return field(name, level);
      });
    const { input, line } = whyField();
    const list = element("fieldset", { class: "skills" }, element("legend", {}, said.skills.legend), ...lines);
    const chosen = () =>
      Object.fromEntries(
        [...list.querySelectorAll("select")]
          .filter((one) => one.value)
          .map((one) => [one.dataset.sector ?? "", Number(one.value)]),
      );
    const ask = () => this.#post(`${path}/skills`, { skills: chosen(), why: input.value });
    const details = this.#form(said.skills.title, [list, line], said.skills.button, ask);
    const form = details.querySelector("form");
    if (!tile.moved || !form) return details;
    const back = element("button", { type: "button" }, said.skills.back);
    back.addEventListener("click", async () => {
      const answer = /** @type {HTMLElement} */ (form.querySelector("[role=status]"));
      if (!complete(form)) return tell(answer, said.missing, true);
      try {
        tell(answer, (await this.#post(`${path}/skills`, { why: input.value })).message, false);
      } catch (error) {
        tell(answer, error instanceof Error ? error.message : shared.noService, true);
      }
    });
    form.lastElementChild?.before(back);
    return details;
  }

  // The whole service.

  /** Return what may be done about the whole service. */
  ofService() {
    const { service } = this.#board;
    const forms = [this.#message()];
    if (service.closed_early) forms.unshift(this.#reopen());
    forms.unshift(this.#close());
    return [element("div", { class: "directives" }, ...forms)];
  }

  #close() {
    const { service } = this.#board;
    const at = element("input", { type: "time" });
    const { input, line } = whyField();
    const ask = () =>
      this.#post("close", { ...(at.value && { at: at.value }), why: input.value });
    const until =
      service.closes_at === undefined
        ? said.close.closed
        : filled(said.close.until, { at: clock(service.closes_at, service.zone) });
    const fields = [element("p", { class: "hint" }, until), field(said.close.at, at), line];
    return this.#form(said.close.title, fields, said.close.button, ask);
  }

  #reopen() {
    const { input, line } = whyField();
    const ask = () => this.#post("reopen", { why: input.value });
    return this.#form(said.reopen.title, [line], said.reopen.button, ask);
  }

  #message() {
    const text = element("input", { type: "text", maxlength: LONGEST, autocomplete: "off" });
    text.value = this.#board.service.message?.text ?? "";
    const ask = () => this.#post("message", text.value.trim() ? { text: text.value } : {});
    const fields = [element("p", { class: "hint" }, said.message.hint), field(said.message.text, text)];
    return this.#form(said.message.title, fields, said.message.button, ask);
  }
}

/**
 * Return whether all that a form requires is there, and lead to the first that is not.
 * @param {HTMLFormElement} form
 */
function complete(form) {
  const inputs = [...form.querySelectorAll("input")];
  for (const one of inputs) one.toggleAttribute("aria-invalid", one.required && !one.value.trim());
  const missing = inputs.find((one) => one.required && !one.value.trim());
  missing?.focus();
  return !missing;
}

/**
 * @param {HTMLElement} where
 * @param {string} words
 * @param {boolean} bad
 */
function tell(where, words, bad) {
  where.className = bad ? "notice alarm" : "notice";
  say(where, words);
}
