// Two small dialogs: the shortcuts, and how to leave.

import { byId, element } from "../shared/dom.js";
import { texts } from "../shared/texts.js";
import { inUse, label, setUse } from "./shortcuts.js";

const { poste: said, shared } = texts;

/** Draw the list of shortcuts, which its button opens. */
export function help() {
  const dialog = byId("help", HTMLDialogElement);
  const use = element("input", { type: "checkbox", id: "use-shortcuts" });
  use.checked = inUse();
  use.addEventListener("change", () => setUse(use.checked));
  const keys = [
    ...Object.entries(said.help.keys).map(([key, does]) => [key.toUpperCase(), does]),
    [said.help.enter, said.help.enterDoes],
    [said.help.escape, said.help.escapeDoes],
  ];
  dialog.replaceChildren(
    element("h2", { id: "help-title" }, said.help.title),
    element("p", {}, said.help.introduction),
    element(
      "dl",
      { class: "keys" },
      ...keys.map(([key = "", does = ""]) =>
        element("div", {}, element("dt", {}, element("kbd", {}, key)), element("dd", {}, does)),
      ),
    ),
    element("label", { class: "choice" }, use, element("span", {}, said.help.use)),
    element(
      "form",
      { method: "dialog", class: "actions" },
      element("button", { class: "first" }, shared.close),
    ),
  );
  const button = byId("help-button", HTMLButtonElement);
  label(button, said.actions.help);
  button.addEventListener("click", () => dialog.showModal());
}

/**
 * Ask how to leave: the work as well, or this page only; "": stay.
 * @returns {Promise<"duty" | "page" | "">}
 */
export async function howToLeave() {
  const dialog = byId("leave", HTMLDialogElement);
  dialog.replaceChildren(
    element(
      "form",
      { method: "dialog" },
      element("h2", { id: "leave-title" }, said.leave.title),
      element("p", {}, said.leave.introduction),
      element(
        "div",
        { class: "actions column" },
        element("button", { class: "first", value: "duty" }, said.leave.endOfDuty),
        element("button", { value: "page" }, said.leave.pageOnly),
        element("button", { value: "" }, said.leave.stay),
      ),
    ),
  );
  dialog.returnValue = "";
  dialog.showModal();
  await new Promise((done) => dialog.addEventListener("close", done, { once: true }));
  return /** @type {"duty" | "page" | ""} */ (dialog.returnValue);
}

/** Close whatever is open. */
export function closeAll() {
  for (const dialog of document.querySelectorAll("dialog")) if (dialog.open) dialog.close("");
}
