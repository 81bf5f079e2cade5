"""What is written of a key: the choice that it makes, or else only that there was a key.

A caller may type a telephone number wherever keys are heard. So a digit is written as it is only
where the plan has an answer that begins with what has been typed so far: a choice in a menu, a
score, the offer of a callback. Any other digit is written as "?" and one fixed digit that the plan
has no answer for either; that is the one which the replaying engine is given.

    at the welcome and the         a choice of the first menu as it is; of a code, the first digit
    question                       as "?" and the smallest digit that codes begin with, the others
                                   as "?0". Whether a code was right is written as the answer that
                                   the engine got; the last key of a ticket's code is "?" and the
                                   ticket's letter
    in a menu, at a vote           a choice as it is; a wrong one as "?" and the smallest digit that
                                   is wrong there too
    waiting                        the key that takes the offer, while there is one
    at the desk (informateurs)     the plan's own numbers, as far as what is typed is one; PINs are
                                   "?0", and whether one was right is an answer
    everywhere else                "?0": nothing depends on it

That leaves a number each of whose digits happens to be a choice, typed at the pace of a number:
more than `MOST_IN_A_ROW` such digits, each within `APART_S` of the one before. The last of them
is not written, and the recording ends there.
"""

from collections.abc import Collection, Mapping

from router.core.call.life import CONVERSATION, Call, CallState
from router.core.call.offer import CALLBACK_KEY
from router.core.callback.pickup import YES
from router.core.codes import CODE_LENGTH
from router.core.desk.desk_call import DeskCall, DeskState
from router.core.events import KeyPressed, LegKeyPressed
from router.core.ids import CallId
from router.core.plan import Feature, Plan
from router.core.switchboard import Switchboard
from router.replay.names import UNTOLD

MOST_IN_A_ROW = 5
#: The longest pause that anybody makes while typing a number.
APART_S = 10.0

_DIGITS = "0123456789"
#: Some digit, where no digit decides anything.
_ANY = UNTOLD + "0"
_WITH_SECTOR = frozenset({Feature.TRANSFER, Feature.CONSULT})
_WITH_ENTRY = frozenset({Feature.REFER, Feature.REFER_SPOKEN})


class SpellsNumber(Exception):
    """With one more digit of this call, what is written could be a telephone number."""


class Keys:
    """Says what is written of keys. To be asked before the engine hears of the key.

    `board` says where calls stand; `codes` maps tickets' codes to what is written of them.
    """

    def __init__(
        self,
        board: Switchboard,
        codes: Mapping[str, str],
        most_in_a_row: int = MOST_IN_A_ROW,
    ) -> None:
        self._board = board
        self._codes = codes
        self._most = most_in_a_row
        #: Numbers typed to log in that are no informateur's: digits in order of appearance.
        self._strangers: dict[str, list[str]] = {}
        #: By call: how many digits in a row were written as they are, and when the last one came.
        self._rows: dict[CallId, tuple[int, float]] = {}

    def of_caller(self, event: KeyPressed, now: float) -> str:
        """Return what is written of the key.

        Raises:
            SpellsNumber: If it must not be written.
        """
        key = event.key
        if not key.isdigit():
            self._rows.pop(event.call, None)
            return key
        desk_call = self._board.desk_calls.get(event.call)
        if desk_call is not None:
            return self._of_desk(desk_call, key)
        call = self._board.calls.get(event.call)
        # Without a call it is a callback that asks for a 1, or a call that is over.
        written = stand_in("", key, YES) if call is None else self._of_call(call, key)
        self._count(event.call, written == key, now)
        return written

    def of_leg(self, event: LegKeyPressed) -> str:
        """Return what is written of an informateur's key in a call."""
        call = self._board.calls.get(event.call)
        if not event.key.isdigit():
            return event.key
        if call is None or call.leg != event.leg or call.state not in CONVERSATION:
            return _ANY
        return stand_in(call.agent_typed, event.key, _features(self._board.plan))

    def _of_call(self, call: Call, key: str) -> str:
        plan = call.plan
        match call.state:
            case CallState.WELCOME:
                return stand_in("", key, _choices(plan))
            case CallState.QUESTION if call.typed:
                typed = call.typed + key
                code = self._codes.get(typed) if len(typed) == CODE_LENGTH else None
                return UNTOLD + code[-1] if code is not None else _ANY
            case CallState.QUESTION:
                return stand_in("", key, _choices(plan))
            case CallState.MENU | CallState.PAGE:
                return stand_in(call.typed, key, plan.menus[call.path[-1]].keys)
            case CallState.CLOSED:
                return stand_in("", key, plan.menus[plan.information_menu].keys)
            case CallState.VOTING:
                return stand_in("", key, plan.questions[call.question].scores)
            case CallState.WAITING if call.offered:
                return stand_in("", key, CALLBACK_KEY)
            case _:
                return _ANY

    def _of_desk(self, call: DeskCall, key: str) -> str:
        answers = _at_desk(call)
        if answers is None:
            return _ANY
        if call.state is DeskState.AGENT:
            return self._of_agent(call.typed, key, answers)
        return stand_in(call.typed, key, answers)

    def _of_agent(self, typed: str, key: str, answers: Collection[str]) -> str:
        """Return what is written of a key of an informateur's number.

        The engine counts wrong PINs by the number typed, so two strangers must remain two.
        """
        if _begins(typed + key, answers):
            return key
        seen = self._strangers.setdefault(typed, [])
        if key not in seen:
            seen.append(key)
        wrong = [digit for digit in _DIGITS if not _begins(typed + digit, answers)]
        return UNTOLD + wrong[seen.index(key)]

    def _count(self, call: CallId, as_it_is: bool, now: float) -> None:
        if not as_it_is:
            self._rows.pop(call, None)
            return
        count, last_at = self._rows.get(call, (0, now))
        count = count + 1 if now - last_at <= APART_S else 1
        if count > self._most:
            raise SpellsNumber
        if len(self._rows) > 1000:
            self._rows = {one: row for one, row in self._rows.items() if now - row[1] <= APART_S}
        self._rows[call] = count, now


def _choices(plan: Plan) -> Collection[str]:
    """Return what answers the first question, besides a code."""
    return () if plan.code.required else plan.menus[plan.first_menu].keys


def _features(plan: Plan) -> list[str]:
    """Return everything that informateurs can key in a call."""
    return [
        code + more
        for code, feature in plan.desk.keys.items()
        for more in (
            plan.sector_codes
            if feature in _WITH_SECTOR
            else plan.entry_codes
            if feature in _WITH_ENTRY
            else [""]
        )
    ]


def _at_desk(call: DeskCall) -> Collection[str] | None:
    """Return what answers the question at the desk; None: nothing that is written."""
    plan = call.plan
    match call.state:
        case DeskState.AGENT:
            return plan.phones  # whoever types no number is the phone's own agent
        case DeskState.REASON:
            return [reason.key for reason in plan.desk.reasons.values()]
        case DeskState.SUBJECT:
            return [*plan.sector_codes, *(fiche.removeprefix("F") for fiche in plan.fiches)]
        case DeskState.RESULT:
            return "1234"
        case DeskState.IMPROVE:
            return "12"
        case _:
            return None


def stand_in(typed: str, key: str, answers: Collection[str]) -> str:
    """Return the digit `key` if some answer begins with `typed` and `key`.

    Otherwise return a mark and the smallest digit that, like `key`, continues no answer; or any
    digit, if no answer begins with `typed` in the first place.
    """
    if _begins(typed + key, answers):
        return key
    if typed and not _begins(typed, answers):
        return _ANY
    wrong = (digit for digit in _DIGITS if not _begins(typed + digit, answers))
    return UNTOLD + next(wrong)


def _begins(typed: str, answers: Collection[str]) -> bool:
    return any(answer.startswith(typed) for answer in answers)
