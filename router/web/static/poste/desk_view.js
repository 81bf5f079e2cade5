// How the desk stands, shown: the state, and the call at the phone.

/** @typedef {import("./types").Desk} Desk */
/** @typedef {import("./types").Call} Call */
/** @typedef {import("./doing.js").Doing} Doing */

import { byId, say } from "../shared/dom.js";
import { duration, timeOfDay } from "../shared/durations.js";
import { counted, filled, texts } from "../shared/texts.js";
import { WITH_CALL, doing } from "./doing.js";
import { label } from "./shortcuts.js";

const { poste: said, shared } = texts;
/** Pauses that the service itself has begun, and that end by themselves. */
const ENDING = new Set(["missed", "rejected", "busy", "unreachable"]);

const at = {
  state: byId("state", HTMLElement),
  sinceLine: byId("since-line", HTMLElement),
  sinceWords: byId("since-words", HTMLElement),
  since: byId("since", HTMLElement),
  more: byId("state-more", HTMLElement),
  wish: byId("wish", HTMLElement),
  watched: byId("watched", HTMLElement),
  message: byId("message", HTMLElement),
  call: byId("call", HTMLElement),
  title: byId("call-title", HTMLElement),
  sector: byId("call-sector", HTMLElement),
  fiche: byId("call-fiche", HTMLElement),
  link: byId("call-link", HTMLAnchorElement),
  ficheTitle: byId("call-fiche-title", HTMLElement),
  kind: byId("call-kind", HTMLElement),
  waited: byId("call-waited", HTMLElement),
  talkedEntry: byId("call-talked-entry", HTMLElement),
  talked: byId("call-talked", HTMLElement),
  aside: byId("call-aside", HTMLElement),
  why: byId("call-why", HTMLElement),
  whyText: byId("call-why-text", HTMLElement),
};

/**
 * Show a sentence, or nothing.
 * @param {HTMLElement} where
 * @param {string | null} text
 */
function sayOrHide(where, text) {
  where.hidden = text === null;
  say(where, text ?? "");
}

/**
 * How a call came in, in words.
 * @param {Call} call
 */
export function kindOf(call) {
  const kind = said.doors[call.door];
  return call.passed_on ? filled(said.call.passedOn, { kind }) : kind;
}

/**
 * What the state means, or what is to be done.
 * @param {Desk} desk
 * @param {Doing} does
 */
export function meaning(desk, does) {
  const state = said.state;
  switch (does) {
    case "paused": {
      const until = desk.until && timeOfDay(desk.until);
      const ends = ENDING.has(desk.reason?.id ?? "") ? state.untilReady : state.until;
      return [desk.reason && `${desk.reason.name}.`, until && filled(ends, { until })]
        .filter(Boolean)
        .join(" ");
    }
    case "away":
      return [
        desk.absence && `${desk.absence.name}.`,
        filled(state.away, { phone: desk.phone ?? "" }),
      ]
        .filter(Boolean)
        .join(" ");
    case "answering":
      return desk.call?.door === "callback" ? state.dialling : state.answering;
    case "talking":
      return "";
    default:
      return state[does];
  }
}

/**
 * What a supervisor says to all desks, as a sentence; null: nothing.
 * @param {Desk} desk
 */
export function messageOf({ message }) {
  if (!message) return null;
  const { by, at: instant, text } = message;
  return filled(said.state.message, { supervisor: by, at: timeOfDay(instant), text });
}

/** The desk as it is shown, with clocks that go on between two changes. */
export class DeskView {
  /** @type {Desk | null} */
  #desk = null;
  /** When it was told, by the page's own clock. */
  #told_ms = 0;

  /** @param {Desk} desk */
  show(desk) {
    this.#desk = desk;
    this.#told_ms = performance.now();
    const does = doing(desk);
    at.state.dataset.state = does;
    say(at.state, shared.doing[does]);
    document.title = filled(said.documentTitle, { doing: shared.doing[does], agent: desk.agent });
    const misses = desk.misses ? `${counted(desk.misses, said.state.misses)}.` : "";
    say(at.more, [meaning(desk, does), misses].filter(Boolean).join(" "));
    const after = desk.after_call;
    sayOrHide(
      at.wish,
      after &&
        (after.do === "log-out"
          ? said.state.leaveAfter
          : filled(said.state.pauseAfter, { reason: after.reason?.name ?? "" })),
    );
    const watched = desk.watched_by && filled(said.state.watched, { supervisor: desk.watched_by });
    const directed =
      desk.directed_by && filled(said.state.directed, { supervisor: desk.directed_by });
    sayOrHide(at.watched, [watched, directed].filter(Boolean).join(" ") || null);
    sayOrHide(at.message, messageOf(desk));
    this.#showCall(desk, does);
    this.tick();
  }

  /** Return how many seconds have passed since the desk was told. */
  passed_s() {
    return (performance.now() - this.#told_ms) / 1000;
  }

  /** Let the clocks go on. */
  tick() {
    const desk = this.#desk;
    if (!desk) return;
    const passed_s = this.passed_s();
    const call = desk.call;
    const down = doing(desk) === "noting" && desk.until_s !== null;
    const since_s = call?.held_s ?? desk.since_s;
    at.sinceLine.hidden = since_s === null;
    say(at.sinceWords, down ? said.state.left : said.state.since);
    say(
      at.since,
      duration(down ? Math.max(0, (desk.until_s ?? 0) - passed_s) : (since_s ?? 0) + passed_s),
    );
    if (!call) return;
    const waits = call.talked_s === null && !call.consulted;
    say(at.waited, duration(call.waited_s + (waits ? passed_s : 0)));
    at.talkedEntry.hidden = call.talked_s === null;
    say(at.talked, duration((call.talked_s ?? 0) + passed_s));
  }

  /**
   * @param {Desk} desk
   * @param {Doing} does
   */
  #showCall(desk, does) {
    const call = desk.call;
    at.call.hidden = call === null || !WITH_CALL.includes(does);
    if (!call) return;
    const talks = !["ringing", "answering"].includes(does);
    say(at.title, talks ? said.call.title : said.call.incoming);
    say(at.sector, call.sector.name);
    at.fiche.hidden = call.fiche === null;
    at.link.hidden = !call.fiche?.url;
    if (call.fiche?.url) at.link.href = call.fiche.url;
    label(at.link, filled(said.actions.readFiche, { fiche: call.fiche?.id ?? "" }));
    say(at.ficheTitle, call.fiche?.title ?? "");
    say(at.kind, kindOf(call));
    sayOrHide(at.aside, asideOf(call));
    at.why.hidden = desk.why === null;
    say(at.whyText, desk.why ?? "");
  }
}

/**
 * Who else takes part, in words; null: nobody.
 * @param {Call} call
 */
function asideOf({ aside, consulted }) {
  if (!aside || consulted) return null;
  if (aside.entry) return filled(said.call.referring, { entry: aside.entry.name });
  const words = aside.joined ? said.call.consulted : said.call.consulting;
  return aside.sector && filled(words, { sector: aside.sector.name });
}
