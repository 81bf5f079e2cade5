// The log-in: the number is kept for this tab, the PIN only until it has been sent.

/** @typedef {import("./session.js").Session} Session */

import { byId, say } from "../shared/dom.js";
import { texts } from "../shared/texts.js";

const { poste: said } = texts;
const NUMBER_KEPT = "poste.number";

export class LogIn {
  #form = byId("log-in", HTMLFormElement);
  #fault = byId("log-in-fault", HTMLElement);
  #number = byId("number", HTMLInputElement);
  #pin = byId("pin", HTMLInputElement);

  /**
   * @param {Session} session
   * @param {() => Promise<void>} opened what follows a log-in; what it throws is said here
   */
  constructor(session, opened) {
    this.session = session;
    this.opened = opened;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#enter();
    });
  }

  /**
   * Show the form, and say why.
   * @param {string} [why]
   */
  show(why = "") {
    this.#form.hidden = false;
    this.#number.value = sessionStorage.getItem(NUMBER_KEPT) ?? "";
    this.#pin.value = "";
    document.title = said.title;
    this.#say(why);
    (this.#number.value ? this.#pin : this.#number).focus();
  }

  /** @param {string} why */
  #say(why) {
    this.#fault.hidden = !why;
    say(this.#fault, why);
  }

  /**
   * Say what is wrong with a field, and lead there.
   * @param {HTMLInputElement} field
   * @param {string} why
   */
  #wrong(field, why) {
    for (const one of [this.#number, this.#pin]) {
      if (one === field) one.setAttribute("aria-invalid", "true");
      else one.removeAttribute("aria-invalid");
    }
    this.#say(why);
    field.focus();
  }

  async #enter() {
    const [number, pin] = [this.#number.value.trim(), this.#pin.value.trim()];
    if (!number) return this.#wrong(this.#number, said.logIn.missingNumber);
    if (!pin) return this.#wrong(this.#pin, said.logIn.missingPin);
    try {
      await this.session.open(number, pin);
      await this.opened();
    } catch (error) {
      this.session.forget();
      return this.#wrong(this.#pin, error instanceof Error ? error.message : String(error));
    } finally {
      this.#pin.value = "";
    }
    sessionStorage.setItem(NUMBER_KEPT, number);
    this.#number.removeAttribute("aria-invalid");
    this.#pin.removeAttribute("aria-invalid");
    this.#form.hidden = true;
    return undefined;
  }
}
