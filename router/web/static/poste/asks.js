// What each button asks of the service; some have something chosen first.

/** @typedef {import("./types").Choices} Choices */
/** @typedef {import("./types").Option} Option */
/** @typedef {import("./actions.js").Action} Action */
/** @typedef {import("./choose.js").Way} Way */

import { duration } from "../shared/durations.js";
import { filled, texts } from "../shared/texts.js";

const { actions, choose: said } = texts.poste;

/**
 * Return what each button does.
 * @param {Choices} choices
 * @param {(name: string, body?: Record<string, unknown>) => Promise<unknown>} act
 * @param {(title: string, options: Option[], ways: Way[]) =>
 *   Promise<{ option: Option, way: string } | null>} pick
 * @returns {Record<Action["id"], () => Promise<unknown>>}
 */
export function asksOf(choices, act, pick) {
  const sectors = choices.sectors.map(({ id, name, code }) => ({ id, name, code }));
  const numbers = new Map(choices.directory.map(({ id, number }) => [id, number]));

  async function pause() {
    const reasons = choices.reasons.map(({ id, name, key, longest_s }) => {
      const hint = filled(said.longest, { longest: duration(longest_s) });
      return { id, name, code: key, hint };
    });
    const chosen = await pick(said.pause, reasons, [{ id: "pause", text: actions.pause }]);
    return chosen && act("pause", { reason: chosen.option.id });
  }

  return {
    pause,
    pauseAfter: pause,
    ready: () => act("ready"),
    // Being ready after the call takes back what was to be done then.
    forget: () => act("ready"),
    elsewhere: () => act("log-out"),
    hold: () => act("hold"),
    retrieve: () => act("retrieve"),
    complete: () => act("complete"),
    cancel: () => act("cancel"),
    end: () => act("end"),
    async transfer() {
      const ways = [{ id: "transfer", text: actions.transfer }];
      const chosen = await pick(said.transfer, sectors, ways);
      return chosen && act("transfer", { sector: chosen.option.id });
    },
    async consult() {
      const ways = [{ id: "consult", text: actions.consult }];
      const chosen = await pick(said.consult, sectors, ways);
      return chosen && act("consult", { sector: chosen.option.id });
    },
    async refer() {
      const entries = choices.directory.map(({ id, name, code, number }) => {
        return { id, name, code, hint: number ?? said.noNumber };
      });
      const chosen = await pick(said.refer, entries, [
        { id: "transfer", text: said.put, allows: ({ id }) => numbers.get(id) !== null },
        { id: "spoken", text: said.tell },
      ]);
      return chosen && act("refer", { entry: chosen.option.id, by: chosen.way });
    },
  };
}
