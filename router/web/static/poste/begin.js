// Where an informateur answers calls: at the own phone, in this browser, at another phone.

/** @typedef {import("./softphone.js").Softphone} Softphone */

import { byId, say } from "../shared/dom.js";
import { filled, texts } from "../shared/texts.js";

const { begin: said } = texts.poste;

export class Begin {
  #form = byId("begin", HTMLFormElement);
  #other = byId("other-phone", HTMLInputElement);

  /**
   * @param {string} agent
   * @param {Softphone} softphone
   * @param {(phone: string) => void} logIn
   * @param {(error: unknown) => void} refused
   * @param {AbortSignal} ended
   */
  constructor(agent, softphone, logIn, refused, ended) {
    say(byId("own-phone", HTMLElement), filled(said.phone, { agent }));
    byId("browser-choice", HTMLElement).hidden = !softphone.offered;
    const where = () => new FormData(this.#form).get("where");
    const otherField = byId("other-field", HTMLElement);
    this.#form.reset();
    otherField.hidden = true;
    this.#form.addEventListener(
      "change",
      () => {
        otherField.hidden = where() !== "other";
      },
      { signal: ended },
    );
    this.#form.addEventListener(
      "submit",
      async (event) => {
        event.preventDefault();
        if (where() === "other") return logIn(this.#other.value.trim());
        if (where() === "phone") return logIn(agent);
        try {
          await softphone.start();
        } catch (error) {
          return refused(error);
        }
        return logIn(`${agent}.web`);
      },
      { signal: ended },
    );
  }

  /** @param {boolean} isAsked */
  show(isAsked) {
    this.#form.hidden = !isAsked;
  }
}
