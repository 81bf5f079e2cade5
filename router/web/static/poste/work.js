// The desk of an informateur who has logged in: shown as the service tells it, until the end of the
// session. The service decides everything; nothing is shown that the page only believes.

/** @typedef {import("./types").Desk} Desk */
/** @typedef {import("./types").Choices} Choices */
/** @typedef {import("./doing.js").Doing} Doing */
/** @typedef {import("./session.js").Session} Session */
/** @typedef {import("../shared/service.js").Service} Service */

import { byId, say } from "../shared/dom.js";
import { duration } from "../shared/durations.js";
import { follow } from "../shared/event_stream.js";
import { Refusal } from "../shared/service.js";
import { filled, texts } from "../shared/texts.js";
import { Actions } from "./actions.js";
import { asksOf } from "./asks.js";
import { Begin } from "./begin.js";
import { choose } from "./choose.js";
import { DeskView, kindOf, meaning, messageOf } from "./desk_view.js";
import { closeAll, howToLeave } from "./dialogs.js";
import { WITH_CALL, doing } from "./doing.js";
import { Note } from "./note.js";
import { announce, hush, refuse, tell } from "./saying.js";
import { softphone } from "./softphone.js";
import { showToday } from "./today.js";

const { poste: said, shared } = texts;
/** The service says at least every 5 s that it is there. */
const SILENCE_MS = 8000;
/** A connection that is back sooner was never lost to whoever looks at the page. */
const GRACE_MS = 2000;
/** The end of the time to note a call is said this long before, in seconds. */
const SOON_S = 10;

const at = {
  bar: byId("bar-actions", HTMLElement),
  whose: byId("whose", HTMLElement),
  connection: byId("connection", HTMLElement),
  fault: byId("fault", HTMLElement),
  desk: byId("desk", HTMLElement),
  state: byId("state", HTMLElement),
  leave: byId("leave-button", HTMLButtonElement),
  choice: byId("choice", HTMLDialogElement),
  note: byId("note", HTMLFormElement),
  softphone: byId("softphone", HTMLElement),
  today: byId("today", HTMLElement),
  todayNone: byId("today-none", HTMLElement),
};

export class Work {
  /** @type {Desk} */
  #desk;
  /** @type {Doing | null} */
  #does = null;
  /** Since when the service is out of reach, by the page's own clock.
   * @type {number | null} */
  #lost_ms = null;
  #reachable = true;
  #saidSoon = false;
  #ended = new AbortController();

  /**
   * @param {Service} service
   * @param {Session} session
   * @param {Desk} desk
   * @param {Choices} choices
   * @param {(why: string) => void} over the session has ended
   */
  constructor(service, session, desk, choices, over) {
    this.service = service;
    this.session = session;
    this.over = over;
    this.#desk = desk;
    const act = this.#act.bind(this);
    /** @type {Parameters<typeof asksOf>[2]} */
    const pick = (title, options, ways) => choose(at.choice, title, options, ways);
    const asks = asksOf(choices, act, pick);
    this.softphone = softphone(at.softphone, service, session.agent);
    this.view = new DeskView();
    this.actions = new Actions((id) => void asks[id]());
    const signal = this.#ended.signal;
    /** @type {import("./note.js").Asked} */
    const ofNote = {
      save: (given, ready) => void this.#save(given, ready),
      moreTime: () => void act("noting"),
      subject: async (options) => {
        const ways = [{ id: "choose", text: said.choose.choose }];
        return (await pick(said.choose.subject, options, ways))?.option ?? null;
      },
    };
    this.note = new Note(at.note, choices, ofNote, signal);
    this.begin = new Begin(
      session.agent,
      this.softphone,
      (phone) => void act("log-in", { phone }),
      (error) => this.#refused(error),
      signal,
    );
    at.leave.addEventListener("click", () => void this.#askToLeave(), { signal });
    at.desk.hidden = at.bar.hidden = false;
    say(at.whose, filled(said.of, { agent: session.agent }));
    say(at.connection, said.connection.joined);
    hush();
    this.#show(desk);
    at.state.focus();
    void this.#refreshToday();
    this.ticking = setInterval(() => this.#tick(), 1000);
    this.stream = follow(
      "/v1/agents/me/stream",
      () => service.token,
      {
        told: (name, data) => {
          if (name === "desk") this.#show(JSON.parse(data));
        },
        connected: () => this.#connected(),
        lost: (status) => this.#lost(status),
      },
      SILENCE_MS,
    );
  }

  /** @param {string} why */
  #end(why) {
    this.#ended.abort();
    clearInterval(this.ticking);
    this.stream.close();
    this.softphone.stop();
    closeAll();
    hush();
    document.body.toggleAttribute("data-lost", false);
    at.desk.hidden = at.bar.hidden = at.fault.hidden = true;
    say(at.whose, said.title);
    say(at.connection, "");
    this.over(why);
  }

  async #close() {
    await this.session.close();
    this.#end(said.logIn.closed);
  }

  // What is shown.

  /** @param {Desk} desk */
  #show(desk) {
    const leaves = this.#desk.after_call?.do === "log-out" && desk.state === "logged out";
    const [did, does] = [this.#does, doing(desk)];
    const message = messageOf(desk);
    const isNew = message !== null && message !== messageOf(this.#desk);
    this.#desk = desk;
    this.#does = does;
    const focused = document.activeElement;
    this.view.show(desk);
    this.actions.show(desk, this.#reachable);
    this.note.show(desk);
    this.softphone.show(desk);
    this.begin.show(["off", "away"].includes(does));
    this.#tick();
    if (focused instanceof HTMLElement && focused !== document.body && !focused.checkVisibility()) {
      at.state.focus();
    }
    const news = did !== null && did !== does ? [this.#changed(did, does)] : [];
    if (isNew) news.push(message);
    if (news.length) announce(news.join(" "));
    if (leaves) void this.#close();
  }

  /**
   * Do what a change of state asks for, and return it in words.
   * @param {Doing} did
   * @param {Doing} does
   */
  #changed(did, does) {
    this.#saidSoon = false;
    const isOver = WITH_CALL.includes(did) && !WITH_CALL.includes(does);
    if (isOver && at.choice.open) at.choice.close("");
    if (isOver) void this.#refreshToday();
    const isBusy = document.activeElement !== document.body && document.activeElement !== at.state;
    if (does === "noting" && this.#desk.noting && !isBusy) this.note.focus();
    const call = this.#desk.call;
    if (does !== "ringing" || !call) return `${shared.doing[does]}. ${meaning(this.#desk, does)}`;
    return filled(said.call.announced, {
      sector: call.fiche ? `${call.sector.name}, ${call.fiche.title}` : call.sector.name,
      kind: kindOf(call),
      waited: duration(call.waited_s),
    });
  }

  #tick() {
    this.view.tick();
    const { noting, until_s } = this.#desk;
    const passed_s = this.view.passed_s();
    if (noting) this.note.tick(Math.max(0, noting.until_s - passed_s));
    const left_s = (until_s ?? Infinity) - passed_s;
    if (this.#does === "noting" && noting && left_s <= SOON_S && !this.#saidSoon) {
      this.#saidSoon = true;
      announce(filled(said.state.soon, { left: duration(left_s) }));
    }
    const lost_ms = this.#lost_ms === null ? 0 : performance.now() - this.#lost_ms;
    if (lost_ms >= GRACE_MS) this.#sayLost(lost_ms / 1000);
  }

  async #refreshToday() {
    try {
      const { calls } = await this.service.ask("GET", "/v1/agents/me/calls");
      showToday(at.today, at.todayNone, calls);
    } catch {
      // The list is a help, and comes with the next call.
    }
  }

  // The connection.

  #connected() {
    this.#lost_ms = null;
    say(at.connection, said.connection.joined);
    if (this.#reachable) return;
    this.#reachable = true;
    document.body.toggleAttribute("data-lost", false);
    at.fault.hidden = true;
    this.actions.show(this.#desk, true);
    tell(said.connection.back);
    void this.#refreshToday();
  }

  /** @param {number} status */
  #lost(status) {
    if (status) this.#refusedForGood(status);
    else this.#lost_ms ??= performance.now();
  }

  /** @param {number} status */
  #refusedForGood(status) {
    this.session.forget();
    this.#end(status === 401 ? said.logIn.over : shared.noService);
  }

  /** @param {number} since_s */
  #sayLost(since_s) {
    say(at.connection, filled(said.connection.lost, { since: duration(since_s) }));
    if (!this.#reachable) return;
    this.#reachable = false;
    document.body.toggleAttribute("data-lost", true);
    this.actions.show(this.#desk, false);
    at.fault.hidden = false;
    say(at.fault, said.connection.lostAlert);
  }

  // What is asked for.

  /** @param {unknown} error */
  #refused(error) {
    if (error instanceof Refusal && error.status === 401) this.#refusedForGood(401);
    else refuse(error instanceof Error ? error.message : String(error));
  }

  /**
   * Ask for something; return the desk just after it, null if it was not granted. What is shown
   * comes by the stream alone: an answer may be overtaken by what happens next.
   * @param {string} name
   * @param {Record<string, unknown>} [body]
   * @returns {Promise<Desk | null>}
   */
  async #act(name, body) {
    try {
      const { message, desk } = await this.service.ask("POST", `/v1/agents/me/${name}`, body);
      tell(message);
      return desk;
    } catch (error) {
      this.#refused(error);
      return null;
    }
  }

  /**
   * @param {Record<string, unknown>} given
   * @param {boolean} ready
   */
  async #save(given, ready) {
    const noted = await this.#act("note", given);
    if (ready && noted?.state === "wrapping up") await this.#act("ready");
    void this.#refreshToday();
  }

  async #askToLeave() {
    if (this.#does === "off") return this.#close();
    const how = await howToLeave();
    if (how === "page") return this.#close();
    const left = how === "duty" ? await this.#act("log-out") : null;
    // During a call it is done at its end, and the page stays until then.
    return left?.state === "logged out" ? this.#close() : undefined;
  }
}
