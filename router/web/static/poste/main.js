// The desk page, /poste: a log-in, then the informateur's work, then a log-in again.

import { byId, fillTexts, say } from "../shared/dom.js";
import { Service } from "../shared/service.js";
import { texts } from "../shared/texts.js";
import { help } from "./dialogs.js";
import { LogIn } from "./log_in.js";
import { Session } from "./session.js";
import { label, listen } from "./shortcuts.js";
import { Work } from "./work.js";

const { poste: said } = texts;
const service = new Service();
const session = new Session(service);
const logIn = new LogIn(session, async () => {
  const { desk, choices } = await service.ask("GET", "/v1/agents/me");
  new Work(service, session, desk, choices, (why) => logIn.show(why));
});

fillTexts(document);
label(byId("leave-button", HTMLButtonElement), said.actions.leave);
say(byId("whose", HTMLElement), said.title);
help();
listen();
logIn.show();
