// The same as tables: for screen readers, for printing, and for whoever reads rather than looks.

import { byId, element, say } from "../shared/dom.js";
import { filled, texts } from "../shared/texts.js";
import { duration, goal, isOff, parts, shortName, shown } from "./figures.js";
import { doingWords, inPlace, lasted } from "./tiles.js";

/** @typedef {import("./types").Board} Board */
/** @typedef {import("./feed.js").Feed} Feed */

const { wallboard: said } = texts;

const OF_SECTOR = [
  ...["waiting/1", "longest-wait/1", "wait-told/1", "ready/1", "on-duty/1"],
  ...["offered/2", "answered/1", "abandoned/2"],
  ...["pickup/2", "service-level-offered/2", "abandonment/2"],
];

export class Tables {
  #feed;
  /** Each cell, with what it says now. @type {[HTMLElement, () => string][]} */
  #cells = [];

  /** @param {Feed} feed */
  constructor(feed) {
    this.#feed = feed;
  }

  get #board() {
    return /** @type {Board} */ (this.#feed.board);
  }

  /** Make all tables anew. */
  build() {
    this.#cells = [];
    byId("tables", HTMLElement).replaceChildren(
      ...[this.#figures(), this.#sectors(), this.#informateurs()].map((table) =>
        element("div", { class: "scrolls", tabindex: "0", role: "group" }, table),
      ),
    );
    for (const one of byId("tables", HTMLElement).children) {
      const caption = one.querySelector("caption");
      one.setAttribute("aria-label", caption?.textContent ?? "");
    }
    this.update();
  }

  /** Show the state as it is. */
  update() {
    for (const [cell, words] of this.#cells) say(cell, words());
  }

  /**
   * @param {string} caption
   * @param {string[]} heads
   * @param {HTMLTableRowElement[]} rows
   */
  #table(caption, heads, rows) {
    return element(
      "table",
      {},
      element("caption", {}, caption),
      element(
        "thead",
        {},
        element("tr", {}, ...heads.map((head) => element("th", { scope: "col" }, head))),
      ),
      element("tbody", {}, ...rows),
    );
  }

  /**
   * @param {string} head
   * @param {(() => string)[]} cells
   */
  #row(head, cells) {
    const made = cells.map((words) => {
      const cell = element("td", { class: "figure" });
      this.#cells.push([cell, words]);
      return cell;
    });
    return element("tr", {}, element("th", { scope: "row" }, head), ...made);
  }

  /**
   * Return what says a figure now, and whether it is as the service wants it.
   * @param {() => Record<string, import("./types").Figure>} figures
   * @param {string} id
   */
  #words(figures, id) {
    return () => {
      const [figure, definition] = [figures()[id], this.#board.definitions[id]];
      if (!figure || !definition) return said.none;
      const words = shown(figure, definition, this.#feed.knownAt);
      return isOff(figure, definition, this.#feed.knownAt) ? filled(said.off, { words }) : words;
    };
  }

  #figures() {
    const { figures } = this.#board;
    const rows = Object.keys(figures).map((id) => {
      const definition = this.#board.definitions[id];
      return this.#row(definition?.name ?? id, [
        this.#words(() => this.#board.figures, id),
        () => parts(this.#board.figures[id] ?? {}, definition),
        () => (definition ? goal(definition) : ""),
        () => definition?.sentence ?? "",
      ]);
    });
    return this.#table(said.service, Object.values(said.tables.figures), rows);
  }

  #sectors() {
    const names = OF_SECTOR.map((id) => shortName(id, this.#board.definitions[id]));
    const rows = inPlace(this.#board.sectors).map(([id, sector]) =>
      this.#row(
        sector.name,
        OF_SECTOR.map((one) => this.#words(() => this.#board.sectors[id]?.figures ?? {}, one)),
      ),
    );
    return this.#table(said.sectors, [said.tables.sector, ...names], rows);
  }

  #informateurs() {
    const rows = inPlace(this.#board.informateurs).map(([id]) => {
      const tile = () => this.#board.informateurs[id];
      const since = () => {
        const now = tile();
        const { seconds, over } = now ? lasted(now, this.#feed.knownAt) : { seconds: null, over: false };
        if (seconds === null) return "";
        return over ? filled(said.over, { duration: duration(seconds) }) : duration(seconds);
      };
      return this.#row(id, [
        () => (tile() ? doingWords(/** @type {any} */ (tile())) : ""),
        since,
        () => (tile()?.limit_s ? duration(tile()?.limit_s ?? 0) : ""),
        () => this.#board.sectors[tile()?.sector ?? ""]?.name ?? "",
        () => tile()?.watched_by ?? "",
      ]);
    });
    return this.#table(said.informateurs, Object.values(said.tables.informateurs), rows);
  }
}
