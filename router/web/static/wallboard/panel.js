// One dialog for what is asked for: what a figure means, a sector, an informateur.

import { byId, element, say } from "../shared/dom.js";
import { filled, texts } from "../shared/texts.js";
import { beside, clock, duration, isOff, shown } from "./figures.js";
import { doingWords, lasted } from "./tiles.js";

/** @typedef {import("./types").Board} Board */
/** @typedef {import("./types").Tile} Tile */
/** @typedef {import("./feed.js").Feed} Feed */
/** @typedef {import("../shared/service.js").Service} Service */

const { shared, wallboard: said } = texts;

export class Panel {
  #dialog = byId("panel", HTMLDialogElement);
  #feed;
  #service;
  /** What says again what may have changed since the dialog was opened. */
  #renew = () => {};

  /**
   * @param {Feed} feed
   * @param {Service} service
   */
  constructor(feed, service) {
    this.#feed = feed;
    this.#service = service;
    this.#dialog.addEventListener("close", () => (this.#renew = () => {}));
  }

  get #board() {
    return /** @type {Board} */ (this.#feed.board);
  }

  /** Show what is open as it is now. */
  update() {
    this.#renew();
  }

  close() {
    this.#dialog.close();
  }

  /**
   * Open the dialog.
   * @param {string} title
   * @param {(Node | null)[]} content
   * @param {() => void} renew
   */
  open(title, content, renew = () => {}) {
    this.#dialog.replaceChildren(
      element(
        "form",
        { method: "dialog", class: "panel-head" },
        element("h2", { id: "panel-title" }, title),
        element("button", {}, shared.close),
      ),
      ...content.filter((one) => one !== null),
    );
    this.#renew = renew;
    renew();
    if (!this.#dialog.open) this.#dialog.showModal();
  }

  /**
   * Open what a figure means.
   * @param {string} id
   */
  figure(id) {
    const definition = this.#board.definitions[id];
    if (!definition) return;
    const renew = this.#renewing(() => this.#board.figures, [id]);
    this.open(definition.name, [this.#meanings([id])], renew);
  }

  /**
   * Open all figures of a sector, each with what it means.
   * @param {string} id
   */
  sector(id) {
    const sector = this.#board.sectors[id];
    if (!sector) return;
    const figures = () => this.#board.sectors[id]?.figures ?? {};
    const ids = Object.keys(sector.figures);
    this.open(sector.name, [this.#meanings(ids)], this.#renewing(figures, ids));
  }

  /** @param {string[]} ids */
  #meanings(ids) {
    const entries = ids.flatMap((id) => {
      const definition = this.#board.definitions[id];
      if (!definition) return [];
      return element(
        "div",
        { class: "meaning", "data-figure": id },
        element("dt", {}, definition.name),
        element("dd", { class: "value figure" }),
        element("dd", {}),
        element("dd", {}, definition.sentence),
        element("dd", { class: "hint" }),
      );
    });
    return element("dl", { class: "meanings" }, ...entries);
  }

  /**
   * @param {() => Record<string, import("./types").Figure>} figures
   * @param {string[]} ids
   */
  #renewing(figures, ids) {
    return () => {
      for (const id of ids) {
        const where = this.#dialog.querySelector(`[data-figure="${id}"]`);
        const [figure, definition] = [figures()[id], this.#board.definitions[id]];
        if (!where || !figure || !definition) continue;
        const now = this.#feed.knownAt;
        const off = isOff(figure, definition, now);
        where.classList.toggle("off", off);
        const [, value, more, , hint] = where.children;
        if (value) say(value, shown(figure, definition, now));
        const words = beside(figure, definition);
        if (more) say(more, off ? filled(said.off, { words: words || said.shouldBeNone }) : words);
        if (hint) say(hint, filled(said.definition, { id, age: this.#age(definition.source) }));
      }
    };
  }

  /** Return how old the figures of a source are, in words. */
  #age(/** @type {"engine" | "day"} */ source) {
    const of = this.#feed.asOf[source];
    if (of === undefined) return said.ageUnknown;
    const age = filled(said.age, { duration: duration(this.#feed.now - of) });
    return source === "engine" ? age : filled(said.ageOfDay, { age });
  }

  /**
   * Open what an informateur does, and why; `more` returns what a supervisor may do.
   * @param {string} id
   * @param {(tile: Tile) => Node[]} more
   */
  informateur(id, more) {
    const tile = this.#board.informateurs[id];
    if (!tile) return;
    const state = element("p", { class: "state large" });
    const facts = element("dl", { class: "facts" });
    const why = element("p", { "aria-live": "polite" });
    const ask = element("button", { type: "button" }, said.why.ask);
    ask.addEventListener("click", () => void this.#tellWhy(id, why));
    const content = [state, facts, element("div", { class: "why" }, ask, why), ...more(tile)];
    this.open(filled(said.informateur, { id }), content, () => {
      const now = this.#board.informateurs[id];
      if (!now) return;
      state.dataset.state = now.doing;
      say(state, doingWords(now));
      this.#tellFacts(facts, now);
    });
  }

  /**
   * @param {HTMLElement} facts
   * @param {Tile} tile
   */
  #tellFacts(facts, tile) {
    const { seconds, over } = lasted(tile, this.#feed.knownAt);
    const { sectors, service } = this.#board;
    const since = tile.since_at === undefined ? "" : clock(tile.since_at, service.zone);
    const skills = Object.entries(tile.skills ?? {}).map(([sector, level]) =>
      filled(said.skill, { sector: sectors[sector]?.name ?? sector, level }),
    );
    /** @type {[string, string][]} */
    const told = [
      [said.facts.lasted, seconds === null ? "" : `${duration(seconds)} (${since})`],
      [said.facts.limit, tile.limit_s === undefined ? "" : duration(tile.limit_s)],
      [said.facts.over, over ? said.facts.overYes : ""],
      [said.facts.sector, sectors[tile.sector ?? ""]?.name ?? ""],
      [said.facts.directedBy, tile.directed_by ?? ""],
      [said.facts.watchedBy, tile.watched_by ?? ""],
      [tile.moved ? said.facts.moved : said.facts.skills, skills.join(said.list)],
    ];
    const entries = told.filter(([, words]) => words);
    if (facts.children.length !== entries.length) {
      facts.replaceChildren(
        ...entries.map(() => element("div", {}, element("dt"), element("dd", { class: "figure" }))),
      );
    }
    entries.forEach(([name, words], index) => {
      const [dt, dd] = facts.children[index]?.children ?? [];
      if (dt) say(dt, name);
      if (dd) say(dd, words);
    });
  }

  /**
   * @param {string} id
   * @param {HTMLElement} where
   */
  async #tellWhy(id, where) {
    const path = `/v1/wallboard/informateurs/${encodeURIComponent(id)}/why`;
    try {
      const { why } = await this.#service.ask("GET", path);
      say(where, why ?? said.why.none);
    } catch (error) {
      say(where, error instanceof Error ? error.message : shared.noService);
    }
  }
}
