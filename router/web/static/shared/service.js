// The service over HTTP: asked with a token that stays in the memory of the page.

import { texts } from "./texts.js";

/** How long an answer may take. */
const PATIENCE_MS = 15_000;

/** Why the service did not do what it was asked for; the message is in French. */
export class Refusal extends Error {
  /**
   * @param {number} status of HTTP; 0: the service cannot be reached
   * @param {string} code
   * @param {string} message
   * @param {string | null} field
   */
  constructor(status, code, message, field = null) {
    super(message);
    this.status = status;
    this.code = code;
    this.field = field;
  }
}

export class Service {
  /** The token that opens what is asked for; "": none. */
  token = "";

  /**
   * Return what the service answers.
   * @param {"GET" | "POST" | "DELETE"} method
   * @param {string} path
   * @param {Record<string, unknown>} [body]
   * @returns {Promise<any>}
   * @throws {Refusal}
   */
  async ask(method, path, body) {
    /** @type {Response} */
    let answer;
    try {
      answer = await fetch(path, {
        method,
        headers: {
          ...(this.token && { Authorization: `Bearer ${this.token}` }),
          ...(body && { "Content-Type": "application/json" }),
        },
        body: body && JSON.stringify(body),
        cache: "no-store",
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
    } catch {
      throw new Refusal(0, "unreachable", texts.shared.noService);
    }
    const told = await answer.json().catch(() => ({}));
    if (answer.ok) return told;
    const { code = "", message = texts.shared.noService, field = null } = told.error ?? {};
    throw new Refusal(answer.status, code, message, field);
  }
}
