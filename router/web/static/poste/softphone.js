// The phone in the browser. There is none yet: the phone on the desk is used.

/** @typedef {import("./types").Desk} Desk */
/** @typedef {import("../shared/service.js").Service} Service */

/**
 * @typedef {object} Softphone
 * @property {boolean} offered whether calls can be answered here: service and browser can
 * @property {() => Promise<void>} start registers the phone, so that the informateur can log in at
 *   it ("101.web"); throws an Error whose message is in French
 * @property {() => void} stop
 * @property {(desk: Desk) => void} show takes notice of the desk at each change
 */

/**
 * @param {HTMLElement} _section where it shows itself
 * @param {Service} _service
 * @param {string} _agent
 * @returns {Softphone}
 */
export function softphone(_section, _service, _agent) {
  return { offered: false, start: async () => {}, stop() {}, show() {} };
}
