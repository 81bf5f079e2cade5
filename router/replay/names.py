"""Names for a recording: nothing in it leads back to a channel, a ticket or its holder.

Ids chosen by Asterisk or the intake are replaced by small numbers, in order of appearance. Ids
that the engine derives become those that the replaying engine will derive: from the run, which is
always "run", and for the channel of a callback from the ticket's new name.
"""

from collections import Counter

from router.core.callback.tickets import channel_of
from router.core.codes import CODE_LENGTH
from router.core.ids import TicketId
from router.core.plan import Plan

#: The run of a recorded engine.
RUN = "run"
#: Marks what is not written as it is; no key of a telephone bears it.
UNTOLD = "?"

#: Kinds of ids that are always renamed, with how the new name begins. A caller's channel is named
#: as the call is.
_OPAQUE = {
    "CallId": "call",
    "ChannelId": "channel",
    "BridgeId": "bridge",
    "PlaybackId": "playback",
    "TicketId": "ticket",
    "SupervisorAsked.supervisor": "supervisor",
    "WatchFact.supervisor": "supervisor",
    "Directed.supervisor": "supervisor",
    "DirectiveFact.supervisor": "supervisor",
    "Message.supervisor": "supervisor",
    # What supervisors write in their own words.
    "Directed.why": "words",
    "DirectiveFact.why": "words",
    "TellAll.text": "words",
    "Message.text": "words",
}
#: Kinds that the plan defines: only what it does not know is renamed.
_PLANNED = frozenset({"AgentId", "PhoneId", "SectorId", "FicheId", "EntryId", "DeskCalled.code"})
#: The code of ticket n ends with the nth of Unicode's letters from "Ā" on. After `_LETTERS`
#: tickets, more than are ever open, it starts again with the first.
_FIRST_LETTER, _LETTERS = 0x100, 40_000


class Names:
    """Renames the ids of one life of the router. Call it with a string and its kind."""

    def __init__(self, plan: Plan, run: str) -> None:
        self._attempts = plan.callbacks.attempts
        #: How the first digit of every code is written (`keys`).
        self._lead = plan.code_leads[0]
        self._known = _known(plan)
        self._ours = f"{run}-"
        self._given: dict[str, str] = {}
        self._counts: Counter[str] = Counter()
        self._tickets: list[TicketId] = []
        #: Codes of tickets -> what is written of them.
        self.codes: dict[str, str] = {}

    def __call__(self, text: str, kind: str) -> str:
        """Return what is written instead of `text`, which names a thing of that kind."""
        if kind == "TicketRecord.code":
            return self.codes.get(text, "")
        given = self._given.get(text)
        if given is not None and (kind in _OPAQUE or kind in _PLANNED):
            return given
        if kind == "TicketId":
            return self.ticket(TicketId(text))
        if kind in _OPAQUE:
            if text.startswith(self._ours):
                return RUN + text[len(self._ours) - 1 :]
            return self._new(text, _OPAQUE[kind])
        if kind in _PLANNED and text not in self._known:
            return self._new(text, "unknown")
        return text

    def ticket(self, ticket: TicketId, attempts: int = 0) -> TicketId:
        """Return the name of a ticket that has had that many attempts already."""
        given = self._given.get(ticket)
        new = TicketId(given or self._new(ticket, "ticket"))
        if given is None:
            self._tickets.append(ticket)
            self._name_attempts(ticket, new, max(attempts, self._attempts))
        return new

    def change_plan(self, plan: Plan) -> bool:
        """Go by this plan too; False if tickets' codes could not be written as before."""
        self._known |= _known(plan)
        self._attempts = max(self._attempts, plan.callbacks.attempts)
        for ticket in self._tickets:
            self._name_attempts(ticket, TicketId(self._given[ticket]), self._attempts)
        return self._lead == plan.code_leads[0]

    def _name_attempts(self, ticket: TicketId, new: TicketId, attempts: int) -> None:
        for attempt in range(1, attempts + 2):
            self._given[channel_of(ticket, attempt)] = channel_of(new, attempt)

    def ticket_code(self, ticket: TicketId, code: str) -> str:
        """Return what is written instead of a ticket's code.

        Its last character is also what is written of the last key of the code when it is typed.
        """
        number = int(self.ticket(ticket).rpartition("-")[2])
        letter = chr(_FIRST_LETTER + (number - 1) % _LETTERS)
        self.codes[code] = self._lead + "0" * (CODE_LENGTH - 2) + letter
        return self.codes[code]

    def _new(self, text: str, what: str) -> str:
        self._counts[what] += 1
        new = self._given[text] = f"{what}-{self._counts[what]}"
        return new


def _known(plan: Plan) -> set[str]:
    """Return the names that the plan gives, and "" for none."""
    agents = {*plan.agents, *plan.browsers, *plan.desk.supervisor_phones}
    return {*agents, *plan.sectors, *plan.fiches, *plan.directory, *plan.desk.codes, ""}
