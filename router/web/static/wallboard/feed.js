// The feed: the state as it was last told, and how old that is.

import { follow } from "../shared/event_stream.js";

/** @typedef {import("./types").Board} Board */
/** @typedef {import("./types").AsOf} AsOf */

/** Whoever has heard nothing for this long is looking at the past. */
export const STALE_S = 3;
/** A connection that is silent for this long is made anew. */
const SILENCE_MS = 5000;

/**
 * Apply a JSON Merge Patch (RFC 7396): null takes a member away.
 * @param {any} target
 * @param {any} patch
 * @returns {any}
 */
export function merged(target, patch) {
  if (patch === null || typeof patch !== "object" || Array.isArray(patch)) return patch;
  const whole = target !== null && typeof target === "object" && !Array.isArray(target);
  const result = whole ? target : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = merged(result[name], value);
  }
  return result;
}

/**
 * @typedef {object} Watching
 * @property {(patch: Partial<Board> | null) => void} changed the state is another; null: all of it
 * @property {() => void} heard the feed lives
 * @property {(status: number) => void} refused the service refuses the token, for good
 */

export class Feed {
  /** @type {Board | null} */
  board = null;
  /** Of when the figures are. */
  /** @type {AsOf} */
  asOf = { day: 0 };
  #told = 0;
  /** By two clocks: one stands still while a machine sleeps, the other is set now and then. */
  #heard = { ticks: 0, wall: 0 };
  #watching;
  #following;

  /**
   * Follow the service until `close`.
   * @param {string} token
   * @param {Watching} watching
   */
  constructor(token, watching) {
    this.#watching = watching;
    const told = (/** @type {string} */ name, /** @type {string} */ data) => this.#take(name, data);
    const lost = (/** @type {number} */ status) => {
      if (status) watching.refused(status);
    };
    const follower = { told, connected() {}, lost };
    this.#following = follow("/v1/wallboard/stream", () => token, follower, SILENCE_MS);
  }

  close() {
    this.#following.close();
  }

  /** How long ago the service was heard, in seconds. */
  get age() {
    const ticks = performance.now() - this.#heard.ticks;
    return Math.max(ticks, Date.now() - this.#heard.wall) / 1000;
  }

  /** Whether what is shown is of the past. */
  get stale() {
    return this.age > STALE_S;
  }

  /** The service's time, UTC epoch seconds. */
  get now() {
    return this.#told + (performance.now() - this.#heard.ticks) / 1000;
  }

  /** Until when calls are known: without Asterisk, nobody knows whether they still wait or talk. */
  get knownAt() {
    return this.board?.telephony.connected ? this.now : (this.asOf.engine ?? this.now);
  }

  /** When the service was last heard, by its own clock. */
  get heardAt() {
    return this.#told;
  }

  /**
   * @param {string} name
   * @param {string} data
   */
  #take(name, data) {
    const told = JSON.parse(data);
    this.#heard = { ticks: performance.now(), wall: Date.now() };
    [this.#told, this.asOf] = [told.now, told.as_of];
    if (name === "board") {
      this.board = told.board;
      this.#watching.changed(null);
    } else if (name === "patch" && this.board) {
      merged(this.board, told.patch);
      this.#watching.changed(told.patch);
    }
    this.#watching.heard();
  }
}
