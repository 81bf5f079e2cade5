"""An informateur's keys in a conversation: a feature's code, then that of a sector or an entry."""

from router.core.call.life import Call, CallState, Due
from router.core.events import LegKeyPressed
from router.core.ids import PromptId, SectorId
from router.core.plan import Feature
from router.core.requests import (
    GRANTED,
    Cancel,
    Complete,
    Consult,
    Hold,
    InCall,
    Refer,
    Reply,
    Retrieve,
    Transfer,
)
from router.core.switchboard import Switchboard


class TalkKeys:
    """Reads the keys as requests, and plays the replies."""

    def __init__(self, board: Switchboard) -> None:
        self._board = board

    def pressed(self, call: Call, event: LegKeyPressed) -> InCall | Reply | None:
        """Return the request that the keys make, why they make none, or None for now.

        `*` starts again. It is the caller's duty to make the request, and to pass on the answer to
        `reply`.
        """
        board = self._board
        typed = event.key if event.key == "*" else call.agent_typed + event.key
        call.agent_typed = typed if typed.startswith("*") else ""
        board.set_due(call, Due.KEYS, board.plan.targets.next_key_s)
        codes = board.plan.desk.keys
        for code, feature in codes.items():
            if typed.startswith(code):
                asked = self._request(call.state, feature, typed.removeprefix(code))
                if asked is not None:
                    call.agent_typed = ""
                return asked
        if call.agent_typed and not any(code.startswith(typed) for code in codes):
            call.agent_typed = ""
            return Reply.UNKNOWN_CODE
        return None

    def forgotten(self, call: Call) -> None:
        """The next key took too long: forget what was typed."""
        call.agent_typed = ""

    def reply(self, call: Call, reply: Reply) -> None:
        """Tell the informateur what came of the request, unless that can be heard anyway."""
        audible = reply in GRANTED and reply not in (Reply.HELD, Reply.CONSULTING)
        if not audible and call.leg is not None:
            prompt = PromptId(f"desk-{reply.value}")
            self._board.play_on(call.id, call.leg, (prompt,))

    def _request(self, state: CallState, feature: Feature, code: str) -> InCall | Reply | None:
        plan = self._board.plan
        match feature:
            case Feature.HOLD:
                return Hold() if state is CallState.TALKING else Retrieve()
            case Feature.COMPLETE:
                return Complete()
            case Feature.CANCEL:
                return Cancel()
            case Feature.TRANSFER | Feature.CONSULT:
                sectors = plan.sector_codes
                if len(code) < len(next(iter(sectors), "")):
                    return None
                sector = sectors.get(code, SectorId(""))
                return Transfer(sector) if feature is Feature.TRANSFER else Consult(sector)
            case Feature.REFER | Feature.REFER_SPOKEN:
                entries = plan.entry_codes
                if len(code) < len(next(iter(entries), "")):
                    return None
                entry = entries.get(code)
                if entry is None:
                    return Reply.UNKNOWN_ENTRY
                return Refer(entry, feature is Feature.REFER_SPOKEN)
