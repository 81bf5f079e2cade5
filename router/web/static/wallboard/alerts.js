// What has become wrong, told to screen readers: in one sentence, and not too often.

import { byId, say } from "../shared/dom.js";
import { filled, texts } from "../shared/texts.js";
import { isOff } from "./figures.js";
import { inPlace, lasted } from "./tiles.js";

/** @typedef {import("./types").Board} Board */

const { wallboard: said } = texts;
/** Between two sentences at least. */
const PAUSE_MS = 10_000;
/** No sentence names more than this. */
const MOST = 3;

/**
 * Return what is wrong now: a key for each, and its words.
 * @param {Board} board
 * @param {number} now
 * @returns {Map<string, string>}
 */
export function wrongs(board, now) {
  /** @type {Map<string, string>} */
  const found = new Map();
  if (!board.telephony.connected) found.set("telephony", said.alerts.telephony);
  const limit = board.definitions["longest-wait/1"];
  for (const [id, sector] of inPlace(board.sectors)) {
    const wait = sector.figures["longest-wait/1"];
    if (limit && wait && isOff(wait, limit, now)) {
      found.set(`sector ${id}`, filled(said.alerts.late, { sector: sector.name }));
    }
  }
  for (const id of ["callbacks-late/1", "callbacks-at-risk/1"]) {
    const [figure, definition] = [board.figures[id], board.definitions[id]];
    if (figure && definition && isOff(figure, definition, now)) found.set(id, definition.name);
  }
  const over = Object.values(board.informateurs).filter((one) => lasted(one, now).over).length;
  if (over) found.set("over", said.alerts.over);
  const message = board.service.message;
  if (message) found.set(`message ${message.at}`, message.text);
  return found;
}

export class Alerts {
  /** @type {Map<string, string>} */
  #known = new Map();
  #saidAt = -Infinity;

  /**
   * Say what is newly wrong, if there has been a pause since the last sentence.
   * @param {Map<string, string>} now
   */
  hear(now) {
    if (performance.now() - this.#saidAt < PAUSE_MS) return;
    const news = [...now].filter(([key]) => !this.#known.has(key)).map(([, words]) => words);
    this.#known = now;
    if (news.length) this.say([...news.slice(0, MOST), ...(news.length > MOST ? [said.alerts.more] : [])]);
  }

  /**
   * Say this now.
   * @param {string[]} sentences
   */
  say(sentences) {
    this.#saidAt = performance.now();
    say(byId("told", HTMLElement), sentences.join(said.alerts.and));
  }
}
