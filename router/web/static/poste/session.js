// The session of this page: its token is kept in memory, renewed while the page is open, and gone
// with it.

/** @typedef {import("../shared/service.js").Service} Service */

import { Refusal } from "../shared/service.js";

/** A renewal that did not get through is tried again after this. */
const AGAIN_MS = 5000;

export class Session {
  /** The informateur; "": nobody. */
  agent = "";
  /** @type {number | undefined} */
  #timer;

  /** @param {Service} service */
  constructor(service) {
    this.service = service;
  }

  /**
   * Open a session.
   * @param {string} agent
   * @param {string} pin
   * @throws {Refusal}
   */
  async open(agent, pin) {
    this.forget();
    this.#take(await this.service.ask("POST", "/v1/agents/session", { agent, pin }));
  }

  /** Close the session, also in the service if that can be reached. */
  async close() {
    const ended = this.service.ask("DELETE", "/v1/agents/me/session").catch(() => {});
    this.forget();
    await ended;
  }

  /** Forget the token. */
  forget() {
    clearTimeout(this.#timer);
    this.service.token = this.agent = "";
  }

  /** @param {{ agent: string, token: string, until_s: number }} told */
  #take({ agent, token, until_s }) {
    this.agent = agent;
    this.service.token = token;
    this.#renewAfter((until_s * 1000) / 2);
  }

  /** @param {number} wait_ms */
  #renewAfter(wait_ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(async () => {
      try {
        this.#take(await this.service.ask("POST", "/v1/agents/me/session"));
      } catch (error) {
        // A session that is over is told by the stream of the desk.
        if (error instanceof Refusal && [0, 503].includes(error.status)) this.#renewAfter(AGAIN_MS);
      }
    }, wait_ms);
  }
}
