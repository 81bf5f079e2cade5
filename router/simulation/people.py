"""Callers, and people who are called back. They know what real people know: their own habits, and
what they hear.

Like real people, they answer the last words of what is said. What a person is like is decided by
chance before anything happens (`demand.Person`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from router.core.events import (
    CalledAnswered,
    CalledEnd,
    CalledEnded,
    CallerSpoke,
    CallLeft,
    Event,
    KeyPressed,
)
from router.core.ids import CallId, MenuId, PromptId, SectorId, TicketId
from router.core.menus import Menu, ToMenu, ToSector
from router.core.plan import Plan, Question, QuestionKind
from router.simulation.agenda import Agenda
from router.simulation.demand import HABITS, Person
from router.simulation.tally import Tally
from router.simulation.workload import Workload

CODE_ASK, CODE_ASK_ALONE = PromptId("code-ask"), PromptId("code-ask-alone")
CODE_WRONG, NO_KEY = PromptId("code-wrong"), PromptId("no-key")
QUEUE_JOINED = PromptId("queue-joined")
CALLBACK_OFFER, CALLBACK_ASK = PromptId("callback-offer"), PromptId("callback-ask")
UNDER_A_MINUTE = PromptId("wait-under-a-minute")
#: Sentences that give an upper bound of the wait; "minutes-6" ends them.
_BOUNDED = frozenset(map(PromptId, ("wait-between", "wait-less-than", "wait-about")))
TO_INFORMATION = "#"
TAKE_OFFER, YES, A_WRONG_KEY = "5", "1", "9"

# The habits of a person: places in `Person.luck`.
_CODE, _MISTYPES, _INFORMATION, _WRONG_KEY, _GIVES_UP, _WHEN, _BARGES_IN = range(7)
_OFFER, _FIRST, _VOTES, _SCORE, _FICHE, _TRANSFER, _CANCELS = range(7, 14)
#: For each attempt to call back: whether the person is reached, and how quickly. After the last of
#: these the first one comes again.
_REACHED = tuple(zip(range(14, HABITS, 2), range(15, HABITS, 2), strict=True))
#: Callers who do not know the way answer after this share of a menu, or of the question if they
#: have a code at hand; those who do, after this many seconds.
_LISTENS, _HEARS_OF_CODE, _KNOWS_AFTER_S = 0.7, 0.25, 2.0
#: How long an informateur takes to ask a caller who has pressed nothing what it is about, before
#: transferring the call, in seconds.
_ASKS_S = 30.0
#: Between the end of something and a person's reaction to it, in seconds.
_REACTS_S = 1.0


class Knowledge:
    """What everybody learns by listening to the service: which key leads towards a sector."""

    def __init__(self, plan: Plan) -> None:
        self.welcome = plan.welcome[-1]
        self.first_menu = plan.first_menu
        self.information = plan.menus[plan.information_menu].prompts[-1]
        self.questions = {one.prompt: place for place, one in enumerate(plan.questions)}
        self.menus: dict[PromptId, MenuId] = {
            menu.prompts[-1]: id_ for id_, menu in plan.menus.items() if menu.prompts
        }
        self.ways = {id_: _ways(plan.menus, id_, frozenset()) for id_ in plan.menus}

    def menu(self, prompts: tuple[PromptId, ...]) -> MenuId | None:
        """Return the menu that these prompts read out; None if they do not.

        Keys may be read out after it.
        """
        return next((self.menus[one] for one in prompts[-2:] if one in self.menus), None)


def _ways(
    menus: Mapping[MenuId, Menu], menu: MenuId, met: frozenset[MenuId]
) -> dict[SectorId, str]:
    """Return the key of `menu` that leads to each sector, directly or through further menus."""
    ways: dict[SectorId, str] = {}
    met |= {menu}
    for key, choice in menus[menu].keys.items():
        if isinstance(choice, ToSector):
            ways.setdefault(choice.sector, key)
        elif isinstance(choice, ToMenu) and choice.menu not in met:
            for sector in _ways(menus, choice.menu, met):
                ways.setdefault(sector, key)
    return ways


@dataclass(slots=True, eq=False)
class Caller:
    """Somebody who calls, or is being called back."""

    id: CallId
    person: Person
    #: Whether the person is still on the line.
    there: bool = True
    #: The callback request that this call answers.
    ticket: TicketId | None = None
    #: Whether a voicemail picked up: it presses nothing.
    machine: bool = False
    #: The keys that are still to be pressed.
    keys: str = ""
    #: Whether the code was mistyped, or a wrong key pressed, before: neither happens twice.
    mistyped: bool = False
    pressed_wrong: bool = False
    #: Whether the caller has pressed nothing, and waits in the general queue.
    unchosen: bool = False
    waiting: bool = False
    talking: bool = False
    #: How many conversations there were.
    talks: int = 0
    #: When the wait was first announced, in UTC epoch seconds; and its upper bound, in minutes.
    told_at: float | None = None
    told_most_min: int = 0


class Public:
    """Everybody on the line, and how they behave.

    Attributes:
        callers: Those who are on the line, or are being dialled.
        types_number_s: How long it takes to type one's number and confirm it, in seconds.
    """

    def __init__(self, plan: Plan, workload: Workload, agenda: Agenda, tally: Tally) -> None:
        self.callers: dict[CallId, Caller] = {}
        self._tally = tally
        self._habits = workload.callers
        self._called = workload.called
        self._agenda = agenda
        self._knows = Knowledge(plan)
        self._questions = plan.questions
        self.types_number_s = workload.callers.types_number_s
        self._codes: Mapping[SectorId, list[str]] = {}

    def see_codes(self, codes: Mapping[SectorId, list[str]]) -> None:
        """From now on, the web pages of each sector show these access codes."""
        self._codes = codes

    # What they hear.

    def hears(self, caller: Caller, prompts: tuple[PromptId, ...], said_s: float) -> None:
        """Plan what the caller does on hearing these prompts, which take `said_s` seconds."""
        last = prompts[-1]
        if caller.waiting:
            self._hears_of_the_wait(caller, prompts, said_s)
        elif CODE_ASK in prompts or last == CODE_ASK_ALONE:
            self._asked(caller, prompts, said_s)
        elif (menu := self._knows.menu(prompts)) is not None:
            self._asked_to_choose(caller, menu, said_s)
        elif last == self._knows.welcome:
            self._welcomed(caller, said_s)
        elif QUEUE_JOINED in prompts:
            caller.waiting = True
            caller.unchosen = NO_KEY in prompts
            caller.keys = ""
            self._agenda.after(caller.person.patience_s, self._loses_patience, caller)
            self._hears_of_the_wait(caller, prompts, said_s)
        elif last in self._knows.questions:
            self._asked_to_vote(caller, self._knows.questions[last], said_s)
        elif last == CALLBACK_ASK and not caller.machine:
            self._agenda.after(self._called.presses_s, self._presses, (caller, YES))

    def is_listened_to(self, caller: Caller) -> None:
        """Plan that a caller who presses nothing says "allô?"; machines and open lines do not."""
        if caller.person.luck[_WRONG_KEY] >= self._habits.unheard:
            self._agenda.after(_REACTS_S, self._speaks, caller)

    def _speaks(self, caller: Caller) -> Event | None:
        return CallerSpoke(caller.id, _REACTS_S) if caller.there else None

    def _welcomed(self, caller: Caller, said_s: float) -> None:
        luck = caller.person.luck
        if luck[_GIVES_UP] < self._habits.gives_up:
            self._agenda.after(luck[_WHEN] * 2 * said_s, self._gives_up, caller)
        if self._knows_the_way(caller):
            self._answers(caller, said_s, said_s)

    def _asked(self, caller: Caller, prompts: tuple[PromptId, ...], said_s: float) -> None:
        """Answer the one question, with a code or a choice of the first menu."""
        if caller.keys:
            return  # is typing the answer
        if CODE_WRONG in prompts:
            caller.mistyped = True
        alone = prompts[-1] == CODE_ASK_ALONE
        self._answers(caller, (_LISTENS if alone else _HEARS_OF_CODE) * said_s, said_s)

    def _answers(self, caller: Caller, code_after_s: float, said_s: float) -> None:
        code = self._code(caller)
        if self._is_silent(caller):
            return
        if code is None:
            self._asked_to_choose(caller, self._knows.first_menu, said_s)
        else:
            self._types(
                caller, code, _KNOWS_AFTER_S if self._knows_the_way(caller) else code_after_s
            )

    def _code(self, caller: Caller) -> str | None:
        luck = caller.person.luck
        codes = self._codes.get(caller.person.sector)
        if luck[_CODE] >= self._habits.with_code or not codes:
            return None
        code = codes[int(luck[_FICHE] * len(codes))]
        if luck[_MISTYPES] < self._habits.mistypes and not caller.mistyped:
            return code[:-1] + str((int(code[-1]) + 1) % 10)
        return code

    def _asked_to_choose(self, caller: Caller, menu: MenuId, said_s: float) -> None:
        key = self._knows.ways[menu].get(caller.person.sector)
        luck = caller.person.luck
        if self._is_silent(caller):
            return
        after_s = _KNOWS_AFTER_S if self._knows_the_way(caller) else _LISTENS * said_s
        if key is None:  # recorded information: heard, and enough
            self._agenda.after(said_s, self._gives_up, caller)
        elif self._habits.silent <= luck[_INFORMATION] < self._informed:
            self._types(caller, TO_INFORMATION, after_s)
        elif luck[_WRONG_KEY] < self._habits.wrong_key and not caller.pressed_wrong:
            caller.pressed_wrong = True
            self._types(caller, A_WRONG_KEY, after_s)
        else:
            self._types(caller, key, after_s)

    @property
    def _informed(self) -> float:
        return self._habits.silent + self._habits.information

    def _hears_of_the_wait(
        self, caller: Caller, prompts: tuple[PromptId, ...], said_s: float
    ) -> None:
        offered = CALLBACK_OFFER in prompts
        if caller.told_at is None and (most := _most_min(prompts)) is not None:
            caller.told_at = self._agenda.now
            caller.told_most_min = most
        if offered and caller.person.luck[_OFFER] < self._habits.takes_offer:
            self._types(caller, TAKE_OFFER, said_s)

    def _asked_to_vote(self, caller: Caller, place: int, said_s: float) -> None:
        """Answer a question of the vote, from 0 on, or hang up."""
        habits = self._habits
        if caller.person.luck[_VOTES] >= habits.votes * habits.votes_on**place:
            self._agenda.after(_REACTS_S, self._gives_up, caller)
        else:
            self._types(caller, self._vote(caller, self._questions[place]), said_s)

    def _vote(self, caller: Caller, question: Question) -> str:
        """Return the key pressed: any of the favourable ones if satisfied, else any other."""
        scored = question.kind is QuestionKind.SCORE
        share = self._habits.satisfied if scored else self._habits.says_yes
        luck = caller.person.luck[_SCORE]
        pleased = luck < share
        keys = [
            key
            for key, score in question.scores.items()
            if (score in question.satisfied) is pleased
        ] or list(question.scores)
        within = luck / share if pleased else (luck - share) / (1 - share)
        return keys[min(int(within * len(keys)), len(keys) - 1)]

    def _knows_the_way(self, caller: Caller) -> bool:
        return caller.person.luck[_BARGES_IN] < self._habits.barges_in

    def _is_silent(self, caller: Caller) -> bool:
        return caller.person.luck[_INFORMATION] < self._habits.silent

    # What they do.

    def _types(self, caller: Caller, keys: str, after_s: float) -> None:
        caller.keys = keys
        self._agenda.after(after_s, self._presses_next, (caller, keys))

    def _presses_next(self, of: tuple[Caller, str]) -> Event | None:
        """Press the first of the keys planned, unless the caller has changed plans since."""
        caller, keys = of
        if not caller.there or caller.keys is not keys or caller.talking:
            return None
        rest = caller.keys = keys[1:]
        if rest:
            self._agenda.after(self._habits.key_s, self._presses_next, (caller, rest))
        return KeyPressed(caller.id, keys[0])

    def _presses(self, of: tuple[Caller, str]) -> Event | None:
        caller, key = of
        return KeyPressed(caller.id, key) if caller.there else None

    def _gives_up(self, caller: Caller) -> Event | None:
        """Hang up, unless the caller waits or talks by now."""
        if not caller.there or caller.waiting or caller.talking:
            return None
        return self.hangs_up(caller)

    def _loses_patience(self, caller: Caller) -> Event | None:
        return self.hangs_up(caller) if caller.there and caller.waiting else None

    def hangs_up(self, caller: Caller) -> Event:
        """Leave the line; return what the engine hears of it."""
        self._leaves(caller)
        return CallLeft(caller.id)

    def _leaves(self, caller: Caller) -> None:
        caller.there = False
        self.callers.pop(caller.id, None)
        if caller.waiting and caller.told_at is not None:
            self._tally.left_after_being_told(
                caller.told_most_min, self._agenda.now - caller.told_at
            )

    # Conversations.

    def is_joined(self, caller: Caller, *, served: bool) -> float:
        """Begin to talk; return for how long, in seconds.

        `served`: whether the informateur serves the sector that the call is about, which a caller
        who has pressed nothing can only say now.
        """
        caller.waiting = False
        caller.talking = True
        caller.keys = ""
        caller.talks += 1
        return caller.person.talk_s if served or not self.is_unchosen(caller) else _ASKS_S

    def is_unchosen(self, caller: Caller) -> bool:
        """Whether the informateur has to ask for the sector in this conversation."""
        return caller.unchosen and caller.talks == 1

    def ends_first(self, caller: Caller) -> bool:
        """Whether the caller hangs up before the informateur does."""
        return caller.person.luck[_FIRST] < self._habits.hangs_up_first

    def is_transferred(self, caller: Caller, share: float) -> bool:
        """Whether the call turns out to be another sector's; `share` (0 to 1) of all do."""
        return caller.talks == 1 and caller.person.luck[_TRANSFER] < share

    # Being called back.

    def cancels_at(self, person: Person, promise_s: float) -> float | None:
        """Return how long after asking the request is cancelled, in seconds; None: it is not."""
        luck = person.luck[_CANCELS] / self._called.cancels if self._called.cancels else 1.0
        return luck * promise_s if luck < 1.0 else None

    def is_dialled(self, caller: Caller, attempt: int, timeout_s: float) -> None:
        """Plan what becomes of a call to this person; each attempt has a draw of its own."""
        rules, luck = self._called, caller.person.luck
        answer, quickness = (luck[one] for one in _REACHED[attempt % len(_REACHED)])
        after_s = rules.dial_s
        if answer < rules.busy:
            self._agenda.after(after_s, self._not_reached, (caller, CalledEnd.BUSY))
            return
        answer -= rules.busy
        if answer < rules.unreachable:
            self._agenda.after(after_s, self._not_reached, (caller, CalledEnd.UNASSIGNED))
            return
        answer -= rules.unreachable
        picks_up_s = after_s + rules.picks_up.at(quickness)
        if answer < rules.no_answer or picks_up_s >= timeout_s:
            self._agenda.after(timeout_s, self._not_reached, (caller, CalledEnd.NO_ANSWER))
            return
        answer -= rules.no_answer
        if answer < rules.voicemail:
            caller.machine = True
            picks_up_s = after_s + rules.voicemail_s
        self._agenda.after(picks_up_s, self._picks_up, caller)

    def _not_reached(self, of: tuple[Caller, CalledEnd]) -> Event | None:
        caller, why = of
        if not caller.there:
            return None
        self._leaves(caller)
        return CalledEnded(caller.id, why)

    def _picks_up(self, caller: Caller) -> Event | None:
        return CalledAnswered(caller.id) if caller.there else None


def _most_min(prompts: tuple[PromptId, ...]) -> int | None:
    """Return the upper bound of the wait that was announced, in minutes; None: nothing was."""
    if UNDER_A_MINUTE in prompts:
        return 1
    for place, prompt in enumerate(prompts):
        if prompt in _BOUNDED:
            last = next(one for one in prompts[place + 1 :] if one.startswith("minutes-"))
            return int(last.removeprefix("minutes-"))
    return None
