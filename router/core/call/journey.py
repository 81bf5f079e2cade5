"""The caller's way to a sector: welcome, access code, menus, information.

Barge-in everywhere: a key cuts the prompt short and counts as the first key of the answer.
"""

from router.core.call.digits import END_KEY, HELP_KEY, Reading, read_choice, read_code
from router.core.call.life import Call, CallState, Due
from router.core.call.no_key import NoKey
from router.core.call.waiting import OUT_OF_SERVICE, Waiting
from router.core.callback.callbacks import Callbacks
from router.core.codes import CODE_LENGTH, FailureBudget
from router.core.commands import Step
from router.core.events import KeyPressed
from router.core.facts import Outcome
from router.core.hours import Closed
from router.core.ids import CallId, MenuId, PageId, PromptId
from router.core.menus import SAY_NEXT_OPENING, Choice, Menu, Repeat, ToMenu, ToPage, ToSector
from router.core.switchboard import GOODBYE, Switchboard

CODE_ASK = PromptId("code-ask")
CODE_ASK_ALONE = PromptId("code-ask-alone")
CODE_HELP = PromptId("code-help")
CODE_WRONG = PromptId("code-wrong")
CODE_INCOMPLETE = PromptId("code-incomplete")
CODE_ACCEPTED = PromptId("code-accepted")
CODE_ABANDONED = PromptId("code-abandoned")
CALLBACK_CANCELLED = PromptId("callback-cancelled")
CODE_REQUIRED = PromptId("code-required")
CLOSED_INFORMATION = PromptId("closed-information")
QUESTION_KEYS = PromptId("question-keys")
MENU_KEYS = PromptId("menu-keys")
INFORMATION_KEYS = PromptId("information-keys")
MENU_ABANDONED = PromptId("menu-abandoned")
MENU_INVALID = PromptId("menu-invalid")
NOTHING_HEARD = PromptId("nothing-heard")
NO_KEY_HINT = PromptId("no-key-hint")
CLOSED_BECAUSE = {
    Closed.HOURS: PromptId("closed"),
    Closed.HOLIDAY: PromptId("closed-holiday"),
    Closed.EXCEPTIONAL: PromptId("closed-exceptional"),
}
PROMPTS = (
    frozenset(CLOSED_BECAUSE.values())
    | {CODE_ASK, CODE_ASK_ALONE, CODE_HELP, CODE_WRONG, CODE_INCOMPLETE, CODE_ACCEPTED}
    | {CODE_ABANDONED, CODE_REQUIRED, CLOSED_INFORMATION, CALLBACK_CANCELLED}
    | {QUESTION_KEYS, MENU_KEYS, INFORMATION_KEYS, MENU_ABANDONED, MENU_INVALID}
    | {NOTHING_HEARD, NO_KEY_HINT, GOODBYE}
)

#: A caller who keeps pressing wrong keys is thanked and hung up on after this many.
MOST_WRONG_CHOICES = 9


class Journey:
    """Leads callers from the welcome to the queue, or to recorded information."""

    def __init__(
        self, board: Switchboard, waiting: Waiting, callbacks: Callbacks, no_key: NoKey
    ) -> None:
        self._board = board
        self._waiting = waiting
        self._callbacks = callbacks
        self._no_key = no_key
        self._failures = FailureBudget()

    # Arrival.

    def arrive(self, call_id: CallId) -> None:
        """Welcome a new caller, or say why the service is closed and until when.

        While it is being drained, the caller hears that it is out of service, and goodbye.
        """
        board = self._board
        call = Call(call_id, board.now, board.plan)
        board.begin(call)
        board.note(call, Step.ARRIVED)
        why = self._why_closed()
        said = self._first_words(why)
        if why is not None:
            call.state = CallState.CLOSED
            call.outcome = Outcome.CLOSED
            board.note(call, Step.CLOSED, detail=why.value)
        elif board.draining:
            board.note(call, Step.REFUSED, detail=Outcome.REFUSED_DRAIN.value)
            board.say_goodbye(call, Outcome.REFUSED_DRAIN, said)
            return
        board.play(call, said)

    def probe(self, call_id: CallId) -> None:
        """Answer the service's own call as a caller's, and hang up when that is said, or cut short
        by a key."""
        board = self._board
        call = Call(call_id, board.now, board.plan, probe=True)
        board.begin(call)
        board.say_goodbye(call, call.outcome, self._first_words(self._why_closed()))

    def probe_key(self, call: Call) -> None:
        """Stop what the service's own call hears, and hang it up."""
        if not call.hung_up:
            self._board.silence(call)
            self._board.hang_up(call)

    def _why_closed(self) -> Closed | None:
        board = self._board
        hours = board.plan.hours
        return None if hours.is_open(board.now) else hours.why_closed(board.now)

    def _first_words(self, why_closed: Closed | None) -> tuple[PromptId, ...]:
        """Return what everybody who calls now hears first."""
        welcome = self._board.plan.welcome
        if why_closed is None:
            return (*welcome[:1], OUT_OF_SERVICE) if self._board.draining else welcome
        return (*welcome[:1], CLOSED_BECAUSE[why_closed], SAY_NEXT_OPENING, CLOSED_INFORMATION)

    def key_skips_welcome(self, call: Call, event: KeyPressed) -> None:
        """Put the question at once. A digit counts as the first of the answer: the caller knows it.

        A digit that could begin a code may also be no more than an attempt to skip the welcome.
        """
        self.ask(call)
        if not event.key.isdigit():
            return
        if not _chooses(call, event.key):
            call.typed = event.key
            call.skipping = True
            self._board.set_due(call, Due.STEP, call.plan.targets.next_key_s)
        elif not isinstance(call.plan.menus[call.plan.first_menu].keys.get(event.key), Repeat):
            self.question_key(call, event)

    def key_skips_closed(self, call: Call, event: KeyPressed) -> None:
        """Go to the information menu, where the key counts as a choice."""
        self.offer_information(call)
        self.menu_key(call, event)

    # The one question: type a code, or choose from the first menu.

    def ask(
        self, call: Call, said_first: tuple[PromptId, ...] = (), *, again: bool = False
    ) -> None:
        """Put the question; `again`: with the keys that are not mentioned the first time."""
        keys = (QUESTION_KEYS,) if again and not call.plan.code.required else ()
        self._put(call, (*said_first, *_question(call), *keys))

    def _put(self, call: Call, said: tuple[PromptId, ...]) -> None:
        board = self._board
        call.state = CallState.QUESTION
        call.path.clear()
        call.typed = ""
        call.skipping = False
        board.note(call, Step.ASKED)
        board.play(call, said)

    def await_first_key(self, call: Call) -> None:
        """The question or the menu has been played: the silence counts from here."""
        self._board.set_due(
            call,
            Due.STEP,
            call.plan.targets.next_key_s if call.typed else call.plan.targets.first_key_s,
        )

    def question_key(self, call: Call, event: KeyPressed) -> None:
        """Take the key as part of a choice or of a code, depending on the first one."""
        if self._is_noise(event) or self._only_ends_a_code(call, event):
            return
        if not call.typed and _chooses(call, event.key):
            call.path.append(call.plan.first_menu)
            call.state = CallState.MENU
            self.menu_key(call, event)
        else:
            self._code_key(call, event)

    def _is_noise(self, event: KeyPressed) -> bool:
        """Return whether it is A to D, which no telephone has but line noise sometimes produces."""
        if event.key not in "ABCD":
            return False
        self._board.counts["keys A-D ignored"] += 1
        return True

    def _only_ends_a_code(self, call: Call, event: KeyPressed) -> bool:
        """Return whether it is a hash right after a code, with which many people end an entry."""
        code_at, call.code_at = call.code_at, None
        just_now = code_at is not None and self._board.now - code_at < call.plan.targets.next_key_s
        return event.key == END_KEY and just_now

    def _code_key(self, call: Call, event: KeyPressed) -> None:
        self._board.silence(call)
        call.silences = 0
        call.skipping = False
        call.typed += event.key
        match read_code(call.typed, CODE_LENGTH):
            case Reading.MORE:
                self._board.set_due(call, Due.STEP, call.plan.targets.next_key_s)
            case Reading.COMPLETE:
                self._code_complete(call)
            case Reading.HELP:
                self.ask(call, (CODE_HELP,), again=True)
            case Reading.NONE:
                self._without_code(call, ())
            case _:
                self._code_failed(call, CODE_INCOMPLETE)

    def question_silence(self, call: Call) -> None:
        """No key came in time, or no further one."""
        if call.skipping:  # the key was only meant to skip the welcome
            call.typed = ""
            call.skipping = False
            after_s = (
                call.plan.targets.prompt_guard_s if call.playback else call.plan.targets.first_key_s
            )
            self._board.set_due(call, Due.STEP, after_s)
        elif call.typed:
            self._code_failed(call, CODE_INCOMPLETE)
        else:
            self._silence(call)

    def _silence(self, call: Call) -> None:
        """The caller pressed nothing, at the question or in a menu: put it again.

        After `tries` times the caller goes to the general queue, where a person will answer all the
        same; without such a queue, or while closed, to the information and then goodbye.
        """
        information = call.plan.information_menu
        call.silences += 1
        if call.silences < call.plan.targets.tries:
            self._no_key.listen(call)
            self._say_again(call)
        elif (queue := self._no_key.queue_of(call)) is not None:
            self._no_key.enqueue(call, queue)
        elif call.path[-1:] == [information]:
            if not call.keys and call.outcome is not Outcome.CLOSED:
                call.outcome = Outcome.SILENT
            self._board.say_goodbye(call, call.outcome, (GOODBYE,))
        else:
            call.silences = 0
            self._open_menu(call, information, (MENU_ABANDONED,))

    def _say_again(self, call: Call) -> None:
        """Put the question or the menu again; without the code, of which they have heard by now."""
        person = self._no_key.queue_of(call) is not None
        said_first = NO_KEY_HINT if person else NOTHING_HEARD
        if call.state is CallState.MENU:
            self._play_menu(call, (said_first,))
        elif call.plan.code.required:
            self._put(call, (said_first, CODE_ASK_ALONE))
        else:
            self._put(call, (said_first, *call.plan.menus[call.plan.first_menu].prompts))

    def _code_complete(self, call: Call) -> None:
        """Check the code now or, if codes are being guessed, after a delay, right or wrong."""
        call.code_at = self._board.now
        if call.wrong_codes >= call.plan.code.tries:  # no further code is accepted
            self._code_failed(call, CODE_WRONG)
            return
        if self._failures.exceeded(self._board.now, call.plan.code.failures_per_minute):
            call.state = CallState.CHECKING
            self._board.set_due(call, Due.STEP, call.plan.code.delay_s)
        else:
            self.check_code(call)

    def check_code(self, call: Call) -> None:
        """Queue the caller in the code's sector, or say that the code is wrong.

        The code of an open ticket cancels that callback: its owner is calling in instead.
        """
        board = self._board
        fiche = board.codes.fiche(call.typed, board.now)
        if fiche is None and (ticket := self._callbacks.called_in(call.typed)) is not None:
            call.fiche = ticket.fiche
            board.note(call, Step.CODE_ACCEPTED, sector=ticket.sector, detail="callback cancelled")
            self._waiting.enqueue(call, ticket.sector, (CALLBACK_CANCELLED,))
            return
        if fiche is None:
            self._failures.record(board.now)
            self._code_failed(call, CODE_WRONG)
            return
        call.fiche = fiche
        sector = board.plan.fiches[fiche].sector
        board.note(call, Step.CODE_ACCEPTED, sector=sector, fiche=fiche)
        self._waiting.enqueue(call, sector, (CODE_ACCEPTED,))

    def _code_failed(self, call: Call, why: PromptId) -> None:
        call.wrong_codes += 1
        self._board.note(call, Step.CODE_REFUSED, detail=why)
        if call.wrong_codes < call.plan.code.tries:
            self.ask(call, (why,), again=True)
        elif call.wrong_codes < call.plan.code.tries + MOST_WRONG_CHOICES:
            self._without_code(call, (CODE_ABANDONED,))
        else:
            self._board.say_goodbye(call, call.outcome, (CODE_ABANDONED, GOODBYE))

    def _without_code(self, call: Call, said_first: tuple[PromptId, ...]) -> None:
        plan = call.plan
        if plan.code.required:
            call.outcome = Outcome.INFORMED
            self._open_menu(call, plan.information_menu, (*said_first, CODE_REQUIRED))
        else:
            self._open_menu(call, plan.first_menu, said_first)

    # Menus and pages.

    def offer_information(self, call: Call) -> None:
        """Open the information menu."""
        self._open_menu(call, call.plan.information_menu, ())

    def _open_menu(self, call: Call, menu: MenuId, said_first: tuple[PromptId, ...]) -> None:
        if menu in call.path:  # back to an earlier menu
            del call.path[call.path.index(menu) :]
        call.path.append(menu)
        if menu == call.plan.information_menu and call.outcome is Outcome.LEFT:
            call.outcome = Outcome.INFORMED
        self._board.note(call, Step.MENU, detail=menu)
        self._play_menu(call, said_first)

    def _play_menu(
        self, call: Call, said_first: tuple[PromptId, ...] = (), *, again: bool = False
    ) -> None:
        """Play the menu; while the caller may try a code, the first one with that question."""
        menu = self._menu(call)
        if menu.id == call.plan.first_menu and call.wrong_codes < call.plan.code.tries:
            self.ask(call, said_first, again=again)
            return
        call.state = CallState.MENU
        call.typed = ""
        keys: tuple[PromptId, ...] = ()
        if again:
            information = menu.id == call.plan.information_menu
            keys = (INFORMATION_KEYS if information else MENU_KEYS,)
        self._board.play(call, (*said_first, *menu.prompts, *keys))

    def _menu(self, call: Call) -> Menu:
        return call.plan.menus[call.path[-1]]

    def menu_key(self, call: Call, event: KeyPressed) -> None:
        """Take the key as part of a choice or, in the first menu, as the beginning of a code."""
        if self._is_noise(event) or self._only_ends_a_code(call, event):
            return
        menu = self._menu(call)
        if menu.id == call.plan.first_menu and not call.typed and _begins_code(call, event.key):
            call.state = CallState.QUESTION
            self._code_key(call, event)
            return
        self._board.silence(call)
        call.silences = 0
        call.typed += event.key
        keys = menu.keys
        match read_choice(call.typed, keys):
            case Reading.COMPLETE:
                self._choose(call, keys[call.typed])
            case Reading.MORE:
                self._board.set_due(call, Due.STEP, call.plan.targets.next_key_s)
            case _:
                self._wrong_choice(call)

    def _choose(self, call: Call, choice: Choice) -> None:
        match choice:
            case ToMenu(menu):
                self._open_menu(call, menu, ())
            case ToSector(sector):
                self._waiting.enqueue(call, self._board.plan.standing_in_for(sector, None), ())
            case ToPage(page):
                self._play_page(call, page)
            case Repeat():
                self._play_menu(call, again=True)
            case _:
                self._go_back(call)

    def _go_back(self, call: Call) -> None:
        if len(call.path) > 1:  # else they came in here: closed, or without a code
            call.path.pop()
        self._play_menu(call)

    def _wrong_choice(self, call: Call) -> None:
        call.wrong_choices += 1
        if call.wrong_choices < MOST_WRONG_CHOICES:
            self._play_menu(call, (MENU_INVALID,), again=True)
        else:
            self._board.say_goodbye(call, call.outcome, (MENU_INVALID, GOODBYE))

    def menu_silence(self, call: Call) -> None:
        """No key came in time, or a choice was left unfinished."""
        if call.typed:
            self._wrong_choice(call)
        else:
            self._silence(call)

    def _play_page(self, call: Call, page: PageId) -> None:
        call.state = CallState.PAGE
        call.typed = ""
        self._board.note(call, Step.PAGE, detail=page)
        if call.outcome is Outcome.LEFT:
            call.outcome = Outcome.INFORMED
        self._board.play(call, call.plan.pages[page].prompts)

    def page_over(self, call: Call) -> None:
        """The information has been played: back to its menu."""
        self._play_menu(call)

    def key_leaves_page(self, call: Call, event: KeyPressed) -> None:
        """Leave the information; the key counts as a choice in its menu."""
        if not self._is_noise(event):
            call.state = CallState.MENU
            self.menu_key(call, event)


def _question(call: Call) -> tuple[PromptId, ...]:
    """Return what is put to everybody: type a code or, unless one is required, choose."""
    if call.plan.code.required:
        return (CODE_ASK_ALONE,)
    return (CODE_ASK, *call.plan.menus[call.plan.first_menu].prompts)


def _chooses(call: Call, key: str) -> bool:
    """Return whether `key` begins a choice of the first menu; if not, it begins a code."""
    if call.plan.code.required or key == HELP_KEY:
        return False
    return read_choice(key, call.plan.menus[call.plan.first_menu].keys) is not Reading.WRONG


def _begins_code(call: Call, key: str) -> bool:
    return key.isdigit() and not _chooses(call, key)
