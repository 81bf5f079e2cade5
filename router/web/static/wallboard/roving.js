// A list of many buttons that is one stop for the Tab key: arrows lead from one to the next.

/**
 * @param {HTMLElement} list
 */
export function rove(list) {
  const buttons = () => /** @type {HTMLElement[]} */ ([...list.querySelectorAll(":scope > li > button")]);

  /** Let the Tab key stop at this one. */
  function stopAt(/** @type {HTMLElement | undefined} */ stop) {
    for (const one of buttons()) one.tabIndex = one === stop ? 0 : -1;
  }

  /** Return the button above or below, in the nearest column. */
  function across(/** @type {HTMLElement} */ from, /** @type {number} */ step) {
    const here = from.getBoundingClientRect();
    const beyond = buttons().filter((one) => {
      const top = one.getBoundingClientRect().top;
      return step > 0 ? top >= here.bottom : top < here.top;
    });
    const rows = beyond.map((one) => one.getBoundingClientRect().top);
    const row = step > 0 ? Math.min(...rows) : Math.max(...rows);
    const far = (/** @type {HTMLElement} */ one) =>
      Math.abs(one.getBoundingClientRect().left - here.left);
    return beyond
      .filter((one) => one.getBoundingClientRect().top === row)
      .sort((one, other) => far(one) - far(other))[0];
  }

  list.addEventListener("keydown", (event) => {
    const all = buttons();
    const from = /** @type {HTMLElement} */ (document.activeElement);
    const at = all.indexOf(from);
    if (at < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    /** @type {Record<string, HTMLElement | undefined>} */
    const leads = {
      ArrowRight: all[at + 1],
      ArrowLeft: all[at - 1],
      ArrowDown: across(from, 1),
      ArrowUp: across(from, -1),
      Home: all[0],
      End: all.at(-1),
    };
    if (!(event.key in leads)) return;
    event.preventDefault();
    leads[event.key]?.focus();
  });
  list.addEventListener("focusin", (event) => stopAt(/** @type {HTMLElement} */ (event.target)));

  return {
    /** The buttons are others: the first is the stop, unless one has the focus. */
    renewed() {
      const all = buttons();
      stopAt(all.find((one) => one === document.activeElement) ?? all[0]);
    },
  };
}
