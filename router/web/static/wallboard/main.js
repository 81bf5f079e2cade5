// The wallboard, /wallboard: a token, then how the service stands, for as long as the page is open.

import { byId, fillTexts, say } from "../shared/dom.js";
import { Refusal, Service } from "../shared/service.js";
import { filled, texts } from "../shared/texts.js";
import { Alerts, wrongs } from "./alerts.js";
import { Directing } from "./directing.js";
import { Feed } from "./feed.js";
import { clock, duration } from "./figures.js";
import { Panel } from "./panel.js";
import { Tables } from "./tables.js";
import { Tiles } from "./tiles.js";

const { wallboard: said } = texts;
const service = new Service();
const alerts = new Alerts();

/** The view that is shown: one is built at a time. @type {"tiles" | "tables"} */
let view = "tiles";

// The way in. The token is in the memory of the page alone, and gone with it; a screen on a wall
// starts with the token behind the address (#jeton=…), which is sent to nobody.

/** @param {string} fault */
function askForToken(fault) {
  document.body.dataset.feed = "none";
  for (const id of ["tiles", "tables", "bar-actions", "message", "telephony", "stale"]) {
    byId(id, HTMLElement).hidden = true;
  }
  byId("enter", HTMLElement).hidden = false;
  const where = byId("enter-fault", HTMLElement);
  where.hidden = !fault;
  say(where, fault);
  say(byId("feed", HTMLElement), "");
  say(byId("open", HTMLElement), "");
  byId("token", HTMLInputElement).focus();
}

/** @param {string} token */
async function enter(token) {
  service.token = token;
  for (let wait_ms = 500; ; wait_ms = Math.min(wait_ms * 2, 4000)) {
    try {
      const { opens } = await service.ask("GET", "/v1/wallboard");
      const supervises = opens.includes("supervise");
      const choices = supervises ? (await service.ask("GET", "/v1/supervision/agents")).choices : null;
      byId("enter", HTMLElement).hidden = true;
      byId("token", HTMLInputElement).value = "";
      return new Watch(token, choices);
    } catch (error) {
      const refused = error instanceof Refusal ? error : new Refusal(0, "", said.enter.unknown);
      if ([401, 403].includes(refused.status) || !isWallScreen()) {
        service.token = "";
        return askForToken(refused.message);
      }
      await new Promise((done) => setTimeout(done, wait_ms)); // nobody is there to try again
    }
  }
}

/** Return the token behind the address; "" if there is none. */
function tokenOfAddress() {
  return new URLSearchParams(location.hash.slice(1)).get("jeton") ?? "";
}

function isWallScreen() {
  return tokenOfAddress() !== "";
}

/** The page at work, until the token is refused or whoever watches leaves. */
class Watch {
  #ended = false;
  #stale = false;

  /**
   * @param {string} token
   * @param {import("./types").Choices | null} choices for supervisors
   */
  constructor(token, choices) {
    this.feed = new Feed(token, {
      changed: (patch) => this.#changed(patch),
      heard: () => this.#tick(),
      refused: (status) => this.#end(status === 401 || status === 403 ? said.enter.over : ""),
    });
    this.panel = new Panel(this.feed, service);
    this.directing = choices && new Directing(this.feed, service, choices);
    this.tables = new Tables(this.feed);
    this.tiles = new Tiles(this.feed, {
      figure: (id) => this.panel.figure(id),
      sector: (id) => this.panel.sector(id),
      informateur: (id) =>
        this.panel.informateur(id, (tile) => this.directing?.ofInformateur(id, tile) ?? []),
    });
    this.timer = setInterval(() => this.#tick(), 1000);
    this.#listen();
  }

  #listen() {
    const { directing } = this;
    const direct = byId("direct", HTMLButtonElement);
    direct.hidden = !directing;
    direct.onclick = () => directing && this.panel.open(said.direct.title, directing.ofService());
    byId("leave", HTMLButtonElement).onclick = () => this.#end("");
    byId("view-tiles", HTMLButtonElement).onclick = () => this.#show("tiles");
    byId("view-tables", HTMLButtonElement).onclick = () => this.#show("tables");
    byId("bar-actions", HTMLElement).hidden = false;
  }

  /** @param {typeof view} wanted */
  #show(wanted) {
    view = wanted;
    for (const one of /** @type {const} */ (["tiles", "tables"])) {
      byId(`view-${one}`, HTMLElement).setAttribute("aria-pressed", String(one === view));
      byId(one, HTMLElement).hidden = one !== view || !this.feed.board;
    }
    if (this.feed.board) this.#build();
  }

  #build() {
    if (view === "tiles") this.tiles.build();
    else this.tables.build();
  }

  /** @param {Partial<import("./types").Board> | null} patch */
  #changed(patch) {
    if (patch === null || isOfOthers(patch)) this.#show(view);
    else this.#update();
    this.#tellService();
    this.panel.update();
  }

  #update() {
    if (view === "tiles") this.tiles.update();
    else this.tables.update();
  }

  /** Once a second, and whenever the service is heard. */
  #tick() {
    const { board, now } = this.feed;
    if (!board || this.#ended) return;
    const stale = this.feed.stale;
    document.body.dataset.feed = stale ? "stale" : "fresh";
    if (stale !== this.#stale) {
      this.#stale = stale;
      alerts.say([stale ? said.alerts.stale : said.alerts.fresh]);
    }
    this.#tellAge(stale);
    if (stale) return; // what is shown stays as it was when it was true
    say(byId("clock", HTMLElement), clock(now, board.service.zone));
    this.#update();
    this.panel.update();
    alerts.hear(wrongs(board, this.feed.knownAt));
  }

  /** @param {boolean} stale */
  #tellAge(stale) {
    const { board, heardAt, age } = this.feed;
    if (!board) return;
    const at = clock(heardAt, board.service.zone);
    const banner = byId("stale", HTMLElement);
    banner.hidden = !stale;
    if (stale) say(banner, filled(said.stale, { duration: duration(age), at }));
    say(byId("feed", HTMLElement), stale ? said.feedStale : said.feedFresh);
    document.title = filled(stale ? said.titleStale : said.titleFresh, { name: board.service.name });
  }

  #tellService() {
    const { board, asOf, now } = this.feed;
    if (!board) return;
    const { service: told, telephony } = board;
    say(byId("name", HTMLElement), told.name);
    const open = byId("open", HTMLElement);
    open.dataset.state = told.open ? "ready" : "off";
    say(open, openWords(told, now));
    const message = byId("message", HTMLElement);
    message.hidden = !told.message;
    if (told.message) {
      const { text, by, at } = told.message;
      say(message, filled(said.message, { text, by, at: clock(at, told.zone) }));
    }
    const away = byId("telephony", HTMLElement);
    away.hidden = telephony.connected;
    document.body.toggleAttribute("data-away", !telephony.connected);
    const since = asOf.engine === undefined ? "" : clock(asOf.engine, told.zone);
    say(away, since ? filled(said.telephonyAway, { since }) : said.telephonyNever);
  }

  /** @param {string} fault */
  #end(fault) {
    this.#ended = true;
    this.feed.close();
    clearInterval(this.timer);
    this.panel.close();
    service.token = "";
    if (isWallScreen()) history.replaceState(null, "", location.pathname);
    askForToken(fault);
  }
}

/**
 * Return whether a patch brings or takes away what has a place of its own on the page.
 * @param {any} patch
 */
function isOfOthers(patch) {
  const moved = (/** @type {Record<string, any>} */ all = {}) =>
    Object.values(all).some((one) => one === null || "place" in one || "name" in one);
  return "definitions" in patch || moved(patch.sectors) || moved(patch.informateurs);
}

/**
 * @param {import("./types").Board["service"]} told
 * @param {number} now
 */
function openWords(told, now) {
  if (told.draining) return said.open.draining;
  if (!told.open) {
    const opens = told.opens_at;
    const soon = opens !== undefined && opens - now < 86_400;
    const at = soon ? clock(opens, told.zone) : "";
    return at ? filled(told.closed_early ? said.open.closedEarlyUntil : said.open.closedUntil, { at }) : said.open.closed;
  }
  if (told.closes_at === undefined) return said.open.open;
  const words = told.closed_early ? said.open.earlier : said.open.until;
  return filled(words, { at: clock(told.closes_at, told.zone) });
}

fillTexts(document);
byId("enter", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  const token = byId("token", HTMLInputElement).value.trim();
  if (token) void enter(token);
  else askForToken(said.enter.missing);
});
window.addEventListener("hashchange", () => isWallScreen() && location.reload());
const token = tokenOfAddress();
if (token) void enter(token);
else askForToken("");
