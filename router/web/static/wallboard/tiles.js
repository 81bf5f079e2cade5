// The board as tiles: the service's figures, a card for each sector, a tile for each informateur.

import { byId, element, say } from "../shared/dom.js";
import { counted, filled, texts } from "../shared/texts.js";
import { beside, duration, isOff, shortName, shown } from "./figures.js";
import { rove } from "./roving.js";

/** @typedef {import("./types").Board} Board */
/** @typedef {import("./types").Doing} Doing */
/** @typedef {import("./types").Sector} Sector */
/** @typedef {import("./types").Tile} Tile */
/** @typedef {import("./feed.js").Feed} Feed */

const { shared, wallboard: said } = texts;

/** What stands at the top, first what is read from afar. */
const HEADLINE = [
  ...["waiting/1", "longest-wait/1", "ready/1"],
  ...["pickup/2", "service-level-offered/2", "abandonment/2", "asa/1"],
];
const CALLBACKS = [
  ...["callbacks-soon/1", "callbacks-at-risk/1", "callbacks-late/1", "callbacks-open/1"],
  ...["callback-kept/1", "not-reached/1", "broken/1"],
];
const BRIEFLY = /** @type {Partial<Record<Doing, string>>} */ (said.doing);
/** In this order, the states of which there are totals. */
export const EVERY_DOING = /** @type {Doing[]} */ (Object.keys(shared.doing));

/**
 * Return entries in the order of their places.
 * @template {{ place: number }} T
 * @param {Record<string, T>} all
 */
export function inPlace(all) {
  return Object.entries(all).sort(([, one], [, other]) => one.place - other.place);
}

/**
 * Return how long an informateur's state has lasted, and whether that is too long.
 * @param {Tile} tile
 * @param {number} now
 */
export function lasted(tile, now) {
  if (tile.since_at === undefined) return { seconds: null, over: false };
  const seconds = Math.max(0, now - tile.since_at);
  return { seconds, over: tile.limit_s !== undefined && seconds > tile.limit_s };
}

/**
 * Return what an informateur does, in words: with the reason of a pause or an absence.
 * @param {Tile} tile
 */
export function doingWords(tile) {
  const more = tile.reason?.name ?? tile.absence?.name;
  const word = shared.doing[tile.doing];
  return more ? filled(said.doingMore, { doing: word, more }) : word;
}

export class Tiles {
  #feed;
  /** @type {Map<string, HTMLElement>} */
  #figures = new Map();
  /** @type {Map<string, Record<string, HTMLElement>>} */
  #sectors = new Map();
  /** @type {Map<string, Record<string, HTMLElement>>} */
  #informateurs = new Map();
  /** @type {Map<Doing, HTMLElement>} */
  #totals = new Map();
  #lists = ["headline", "callbacks", "sector-list", "informateur-list"].map((id) =>
    rove(byId(id, HTMLElement)),
  );

  /**
   * @param {Feed} feed
   * @param {{ figure(id: string): void, sector(id: string): void, informateur(id: string): void }}
   *   open what a tile leads to
   */
  constructor(feed, open) {
    this.#feed = feed;
    this.open = open;
  }

  /** Make all tiles anew. */
  build() {
    const board = this.#board;
    this.#figures.clear();
    this.#sectors.clear();
    this.#informateurs.clear();
    byId("headline", HTMLElement).replaceChildren(...HEADLINE.map((id) => this.#figure(id)));
    byId("callbacks", HTMLElement).replaceChildren(...CALLBACKS.map((id) => this.#figure(id)));
    const sectors = inPlace(board.sectors).map(([id, one]) => this.#sector(id, one));
    byId("sector-list", HTMLElement).replaceChildren(...sectors);
    const informateurs = inPlace(board.informateurs).map(([id]) => this.#informateur(id));
    byId("informateur-list", HTMLElement).replaceChildren(...informateurs);
    this.#buildTotals();
    for (const list of this.#lists) list.renewed();
    this.update();
  }

  /** Show the state as it is, and how long everything has lasted by now. */
  update() {
    const board = this.#board;
    const now = this.#feed.knownAt;
    for (const id of this.#figures.keys()) this.#updateFigure(id, now);
    for (const [id, one] of Object.entries(board.sectors)) this.#updateSector(id, one, now);
    for (const [id, one] of Object.entries(board.informateurs)) this.#updateTile(id, one, now);
    this.#updateTotals();
  }

  get #board() {
    return /** @type {Board} */ (this.#feed.board);
  }

  // The service's figures.

  /** @param {string} id */
  #figure(id) {
    const definition = this.#board.definitions[id];
    const value = element("span", { class: "value figure" });
    const more = element("span", { class: "more" });
    const button = element(
      "button",
      {
        type: "button",
        class: "card",
        id: `figure-${id.replace("/", "-")}`,
        "data-source": definition?.source ?? "",
      },
      element("span", { class: "label" }, shortName(id, definition)),
      value,
      more,
    );
    button.addEventListener("click", () => this.open.figure(id));
    this.#figures.set(id, button);
    return element("li", {}, button);
  }

  /**
   * @param {string} id
   * @param {number} now
   */
  #updateFigure(id, now) {
    const { definitions, figures } = this.#board;
    const [definition, figure] = [definitions[id], figures[id]];
    const button = this.#figures.get(id);
    if (!definition || !figure || !button) return;
    const off = isOff(figure, definition, now);
    button.classList.toggle("off", off);
    const [, value, more] = button.children;
    if (value) say(value, shown(figure, definition, now));
    if (more) say(more, this.#beside(id, off));
  }

  /**
   * Return what is said below a figure: of how many, and what the service aims at.
   * @param {string} id
   * @param {boolean} off
   */
  #beside(id, off) {
    const { definitions, figures } = this.#board;
    const [definition, figure] = [definitions[id], figures[id]];
    if (!definition || !figure) return "";
    if (id === "ready/1") {
      return filled(said.ofOnDuty, { count: figures["on-duty/1"]?.value ?? 0 });
    }
    const words = beside(figure, definition);
    return off ? filled(said.off, { words: words || said.shouldBeNone }) : words;
  }

  // Sectors.

  /**
   * @param {string} id
   * @param {Sector} sector
   */
  #sector(id, sector) {
    const parts = {
      waiting: element("span", { class: "value figure" }),
      longest: element("span", { class: "longest figure" }),
      staff: element("span", { class: "staff figure" }),
      told: element("span", { class: "told" }),
      pickup: element("span", { class: "pickup" }),
    };
    const button = element(
      "button",
      { type: "button", class: "card", id: `sector-${id}` },
      element("span", { class: "label" }, sector.name),
      element(
        "span",
        { class: "queue" },
        parts.waiting,
        element("span", { class: "unseen" }, said.waitingWord),
        parts.longest,
      ),
      element("span", { class: "facts" }, parts.staff, parts.told, parts.pickup),
    );
    button.addEventListener("click", () => this.open.sector(id));
    this.#sectors.set(id, { button, ...parts });
    return element("li", {}, button);
  }

  /**
   * @param {string} id
   * @param {Sector} sector
   * @param {number} now
   */
  #updateSector(id, sector, now) {
    const parts = this.#sectors.get(id);
    const { definitions } = this.#board;
    if (!parts) return;
    const { button, waiting, longest, staff, told, pickup } = parts;
    const { figures } = sector;
    const value = (/** @type {string} */ one) => figures[one]?.value ?? 0;
    const words = (/** @type {string} */ one) => {
      const [figure, definition] = [figures[one], definitions[one]];
      return figure && definition ? shown(figure, definition, now) : said.none;
    };
    const wait = figures["longest-wait/1"] ?? {};
    const limit = definitions["longest-wait/1"];
    const waits = value("waiting/1") > 0;
    const late = limit !== undefined && isOff(wait, limit, now);
    button?.classList.toggle("off", late);
    button?.classList.toggle("calm", !waits);
    button?.classList.toggle("unstaffed", value("on-duty/1") === 0);
    if (waiting) say(waiting, words("waiting/1"));
    if (longest) {
      const since = waits ? filled(said.since, { duration: words("longest-wait/1") }) : "";
      say(longest, late ? filled(said.lateSince, { since }) : since);
    }
    if (staff) {
      const onDuty = value("on-duty/1");
      const free = filled(counted(value("ready/1"), said.staff), { onDuty });
      say(staff, onDuty ? free : said.unstaffed);
    }
    if (told) {
      const known = figures["wait-told/1"]?.high !== undefined && (waits || !value("ready/1"));
      say(told, known && value("on-duty/1") ? filled(said.told, { wait: words("wait-told/1") }) : "");
    }
    if (pickup) {
      const share = figures["pickup/2"]?.of ? words("pickup/2") : "";
      say(pickup, share && filled(said.pickup, { share }));
    }
  }

  // Informateurs.

  /** @param {string} id */
  #informateur(id) {
    const parts = {
      state: element("span", { class: "state" }),
      time: element("span", { class: "time figure" }),
      bar: element("progress", { class: "limit", max: 1, value: 0, "aria-hidden": "true" }),
      note: element("span", { class: "note" }),
    };
    const button = element(
      "button",
      { type: "button", class: "tile", id: `informateur-${id}` },
      element("span", { class: "who figure" }, id),
      parts.time,
      element("span", { class: "does" }, parts.state, " ", parts.note),
      parts.bar,
    );
    button.addEventListener("click", () => this.open.informateur(id));
    this.#informateurs.set(id, { button, ...parts });
    return element("li", {}, button);
  }

  /**
   * @param {string} id
   * @param {Tile} tile
   * @param {number} now
   */
  #updateTile(id, tile, now) {
    const parts = this.#informateurs.get(id);
    if (!parts) return;
    const { button, state, time, bar, note } = parts;
    const { seconds, over } = lasted(tile, now);
    if (button?.dataset.doing !== tile.doing && button && state) {
      button.dataset.doing = state.dataset.state = tile.doing;
    }
    button?.classList.toggle("off", over);
    if (state) say(state, BRIEFLY[tile.doing] ?? shared.doing[tile.doing]);
    if (time) {
      const words = seconds === null || tile.doing === "off" ? "" : duration(seconds);
      say(time, over ? filled(said.over, { duration: words }) : words);
    }
    if (bar instanceof HTMLProgressElement) {
      const share = seconds !== null && tile.limit_s ? Math.min(1, seconds / tile.limit_s) : 0;
      const shownShare = Math.round(share * 50) / 50;
      if (bar.value !== shownShare) bar.value = shownShare;
      if (bar.hidden !== !tile.limit_s) bar.hidden = !tile.limit_s;
    }
    if (note) say(note, tile.watched_by ? said.watched : (tile.reason ?? tile.absence)?.name ?? "");
  }

  // How many do what.

  #buildTotals() {
    this.#totals.clear();
    const entries = EVERY_DOING.map((doing) => {
      const count = element("span", { class: "figure" });
      this.#totals.set(doing, count);
      return element(
        "li",
        { class: "state", "data-state": doing },
        element("span", {}, shared.doing[doing]),
        " ",
        count,
      );
    });
    byId("totals", HTMLElement).replaceChildren(...entries);
  }

  #updateTotals() {
    /** @type {Map<Doing, number>} */
    const counts = new Map();
    const all = Object.values(this.#board.informateurs);
    for (const { doing } of all) counts.set(doing, (counts.get(doing) ?? 0) + 1);
    for (const [doing, where] of this.#totals) {
      const count = counts.get(doing) ?? 0;
      say(where, String(count));
      const entry = where.parentElement;
      if (entry) entry.hidden = count === 0;
    }
    byId("nobody", HTMLElement).hidden = all.some(({ doing }) => doing !== "off");
  }
}
