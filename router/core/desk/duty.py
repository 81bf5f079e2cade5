"""An informateur's day: logging in and out, pauses, missed calls, and the lease of each state.

No state depends on an event that may never come. Every state but LOGGED_OUT and READY ends with a
lease, one timer for each informateur:

    RESERVED, RINGING  a little longer than the call's own deadline
    TALKING            Asterisk is asked from time to time whether the leg still exists
    WRAPPING_UP        then ready, or the pause or log-out asked for in the meantime
    PAUSED             after a missed call, then ready; otherwise logged out, as forgotten

Nobody is ready whose phone still has the call that we hung up: Asterisk is asked until it is gone.
"""

from dataclasses import replace

from router.core.commands import DeskChanged, HangUp, Verify
from router.core.desk.agents import (
    BUSY,
    IN_CALL,
    MISSED,
    REJECTED,
    RUNG,
    TOO_MANY,
    UNREACHABLE,
    AgentDesk,
    AgentEvent,
    AgentState,
    LastCall,
    PastCall,
)
from router.core.events import LegEnd
from router.core.facts import DutyFact, SubjectFact
from router.core.ids import CallId, ChannelId, PhoneId, ReasonId, is_browser, owner_of
from router.core.legs import Nobody, Role
from router.core.plan import LogInBy, SecondLogIn
from router.core.requests import LogIn, LogOut, Note, Noting, Pause, Ready, Reply
from router.core.switchboard import Switchboard

#: By how the call was missed: the reason, the target that says how long, and whether it counts
#: towards `misses_max`.
_PAUSES: dict[LegEnd, tuple[ReasonId, str, bool]] = {
    LegEnd.NO_ANSWER: (MISSED, "miss_pause_s", True),
    LegEnd.REJECTED: (REJECTED, "reject_pause_s", True),
    LegEnd.HUNG_UP: (REJECTED, "reject_pause_s", True),  # in the whisper
    LegEnd.BUSY: (BUSY, "busy_pause_s", False),
    LegEnd.UNREACHABLE: (UNREACHABLE, "unreachable_pause_s", False),
    LegEnd.LOST: (UNREACHABLE, "unreachable_pause_s", False),
}
#: After a pause for these an informateur is ready again; after any other, logged out.
_SHORT = frozenset({MISSED, REJECTED, BUSY, UNREACHABLE})

#: If we are gone, Asterisk itself gives up a ringing phone this much later, in seconds.
RING_BACKSTOP_S = 5
#: Noting a call by phone takes no longer than this, in seconds.
NOTING_S = 90.0
#: A phone that we hang up has stopped ringing within this, in seconds; else Asterisk is asked, and
#: told again, as often.
RELEASE_S = 3.0
#: Nobody waits longer than this for a hang-up, whatever Asterisk says, in seconds.
HELD_MAX_S = 60.0
#: How much longer than the call's own deadline the lease of a ringing phone lasts, in seconds.
_SLACK_S = 5.0


class Duty:
    """Changes informateurs' states, and notes on the board whoever may have become ready."""

    def __init__(self, board: Switchboard) -> None:
        self._board = board

    # The phone.

    def knows(self, phone: PhoneId) -> bool:
        """Return whether the plan has such a phone, an informateur's or a supervisor's."""
        return (
            owner_of(phone) in self._board.roster.desks
            or phone in self._board.plan.desk.supervisor_phones
        )

    def appeared(self, phone: PhoneId) -> None:
        """A phone can be rung: whoever is logged in there is ready.

        With `LogInBy.PHONE` that logs in the own informateur of a phone on a desk, unless logged in
        elsewhere. Who works in a browser chooses so on the page.
        """
        roster = self._board.roster
        news = phone not in roster.phones  # a repeated report must not undo a log-out
        roster.phones.add(phone)
        desk = roster.at.get(phone)
        by_phone = self._board.plan.desk.log_in is LogInBy.PHONE and not is_browser(phone)
        if desk is None and news and by_phone:
            owner = roster.desks.get(owner_of(phone))
            if owner is not None and owner.phone is None:
                desk = owner
                self._sign_in(desk, phone)
        if desk is not None:
            desk.present = True
            self._come(desk)

    def vanished(self, phone: PhoneId) -> None:
        """A phone cannot be rung any more; for `away_s` its informateur stays logged in.

        It is the caller's duty to have taken away any call ringing there.
        """
        roster = self._board.roster
        roster.phones.discard(phone)
        desk = roster.at.get(phone)
        if desk is not None:
            desk.present = False
            self._change(desk, AgentEvent.WENT)
            self._expect_back(desk)

    def _expect_back(self, desk: AgentDesk) -> None:
        if desk.state is AgentState.LOGGED_OUT and desk.phone is not None:
            self._lease(desk, self._board.plan.desk.away_s)

    # What informateurs ask.

    def ask(
        self, desk: AgentDesk, request: LogIn | LogOut | Pause | Ready | Noting | Note
    ) -> Reply:
        """Do what an informateur asks for, or say why not."""
        desk.directed_by = None
        match request:
            case LogIn(phone):
                return self.log_in(desk, phone or PhoneId(desk.agent.id))
            case _ if desk.phone is None:
                return Reply.NOT_LOGGED_IN
            case LogOut():
                return self._log_out(desk)
            case Pause(reason):
                return self._pause_for(desk, reason)
            case Ready():
                return self._ready(desk)
            case Noting():
                if not self.can_note(desk):
                    return Reply.NOTHING_TO_NOTE
                self.noting(desk)
                return Reply.NOTING
            case Note():
                return self._note(desk, request)

    def log_in(self, desk: AgentDesk, phone: PhoneId) -> Reply:
        """Log an informateur in at `phone`. It is the caller's duty to have checked who it is."""
        roster = self._board.roster
        if not self.knows(phone):
            return Reply.PHONE_UNKNOWN
        if is_browser(phone) and owner_of(phone) != desk.agent.id:
            return Reply.PHONE_UNKNOWN  # a browser is nobody else's
        if phone not in roster.phones:
            return Reply.PHONE_ABSENT
        other = roster.at.get(phone)
        if other is not None and other is not desk:
            return Reply.PHONE_TAKEN
        if desk.phone == phone and desk.state is not AgentState.LOGGED_OUT:
            return Reply.ALREADY_LOGGED_IN
        if desk.phone is not None and desk.phone != phone:
            if desk.state in IN_CALL or (
                desk.state is not AgentState.LOGGED_OUT
                and self._board.plan.desk.second_log_in is SecondLogIn.REFUSE
            ):
                return Reply.LOGGED_IN_ELSEWHERE
            self._change(desk, AgentEvent.WENT)
        desk.reason = desk.until_at = None
        self._sign_in(desk, phone)
        self._come(desk)
        return Reply.LOGGED_IN

    def _log_out(self, desk: AgentDesk) -> Reply:
        if desk.state in IN_CALL:
            desk.leaving = True
            return Reply.AFTER_CALL
        self._leave(desk)
        return Reply.LOGGED_OUT

    def _pause_for(self, desk: AgentDesk, reason: ReasonId) -> Reply:
        if reason not in self._board.plan.desk.reasons:
            return Reply.UNKNOWN_REASON
        if desk.state in IN_CALL:
            desk.pausing = reason
            return Reply.AFTER_CALL
        if not desk.present:
            return Reply.PHONE_ABSENT
        self._pause(desk, reason)
        return Reply.PAUSED

    def _ready(self, desk: AgentDesk) -> Reply:
        desk.pausing, desk.leaving = None, desk.dismissed
        if desk.state in IN_CALL:
            return Reply.AFTER_CALL
        if not desk.present:
            return Reply.PHONE_ABSENT
        after_misses = desk.reason == TOO_MANY
        desk.misses = 0
        self._rest_over(desk)
        return Reply.READY_AFTER_MISSES if after_misses else Reply.READY

    def can_note(self, desk: AgentDesk) -> bool:
        """Return whether the last call may still be noted."""
        return desk.last is not None and self._board.now <= desk.last.until_at

    def noting(self, desk: AgentDesk) -> None:
        """An informateur has begun to note a call: wrap-up lasts until `noted`, or `NOTING_S`."""
        assert desk.last is not None  # can_note
        desk.last = replace(desk.last, until_at=self._board.now + NOTING_S)
        if desk.state is AgentState.WRAPPING_UP:
            self._lease(desk, NOTING_S)

    def noted(self, desk: AgentDesk) -> None:
        """The noting is over: what is left of the wrap-up follows, if anything."""
        if desk.state is AgentState.WRAPPING_UP:
            ends_at = desk.since_at + self._board.plan.targets.wrap_up_s
            self._lease(desk, max(0.0, ends_at - self._board.now))

    def _note(self, desk: AgentDesk, note: Note) -> Reply:
        board = self._board
        last = desk.last
        if last is None or not self.can_note(desk):
            return Reply.NOTHING_TO_NOTE
        plan = board.plan
        subject = note.subject or last.fiche or last.sector
        if subject not in plan.fiches and subject not in plan.sectors:
            return Reply.UNKNOWN_SUBJECT
        if note.referral is not None and note.referral not in plan.directory:
            return Reply.UNKNOWN_ENTRY
        desk.last = None  # one note for each call
        if desk.past:
            desk.past[-1].result = note.result
        board.count(
            SubjectFact(
                board.service_day(), last.sector, subject, note.result, note.referral, note.improve
            )
        )
        return Reply.NOTED

    # A new plan.

    def dismiss(self, desk: AgentDesk) -> None:
        """Log somebody out for good: at once or, in a call, when that is over."""
        desk.dismissed = desk.leaving = True
        if desk.phone is None and desk.state is AgentState.LOGGED_OUT:
            self._board.roster.remove(desk)
        elif desk.state not in IN_CALL:
            self._leave(desk)

    def recall(self, desk: AgentDesk) -> None:
        """Keep somebody who was about to leave for good."""
        desk.dismissed = desk.leaving = False

    # Calls.

    def chosen(self, desk: AgentDesk) -> None:
        """The informateur is reserved for a call."""
        self._change(desk, AgentEvent.CHOSEN)
        self._lease(desk, self._board.plan.targets.reserve_s + _SLACK_S)

    def rang(self, desk: AgentDesk) -> None:
        """The phone has begun to ring."""
        if self._change(desk, AgentEvent.RANG):
            self._lease(desk, self._board.plan.targets.ring_s + _SLACK_S)

    def answered(self, desk: AgentDesk) -> None:
        """The informateur has picked up; from now on Asterisk is asked whether the leg exists."""
        self._change(desk, AgentEvent.ANSWERED)
        self._lease(desk, self._board.plan.targets.verify_s)

    def joined(self, desk: AgentDesk) -> None:
        """The conversation has begun: earlier misses no longer count. Until then they did."""
        desk.misses = 0

    def found(self, desk: AgentDesk, phone: PhoneId | None) -> None:
        """The informateur was found talking, at this phone, after a restart of the router."""
        self._sit_down(desk, phone)
        self._lease(desk, self._board.plan.targets.verify_s)

    def occupied(self, desk: AgentDesk, leg: ChannelId, phone: PhoneId | None) -> None:
        """The phone was found with a call that is being hung up: until that has ended it is busy.

        Only of somebody who would be rung otherwise.
        """
        if desk.phone is None and self._board.plan.desk.log_in is LogInBy.PHONE:
            self._sit_down(desk, phone)
        if desk.phone is None or desk.reason is not None:
            return
        if desk.state in (AgentState.READY, AgentState.LOGGED_OUT):
            self._change(desk, AgentEvent.FOUND)
            desk.leg = leg
            self._board.legs.add(leg, Role.DISMISSED, Nobody(), desk.agent.id)
            self._lease(desk, RELEASE_S)

    def _sit_down(self, desk: AgentDesk, phone: PhoneId | None) -> None:
        """Log an informateur in, unless logged in: at this phone or, if it is unknown, their own.

        Nothing is done if somebody else is there.
        """
        if desk.phone is None:
            phone = phone or PhoneId(desk.agent.id)
            if self.knows(phone) and phone not in self._board.roster.at:
                self._sign_in(desk, phone)

    def missed(self, desk: AgentDesk, why: LegEnd) -> None:
        """A call was missed (RONA): a pause that depends on why, or a longer one after too many."""
        reason, pause, counts = _PAUSES[why]
        if desk.pausing is None:
            desk.directed_by = None
        desk.call = None
        desk.misses += counts
        if desk.leaving:
            self._leave(desk)
        elif not desk.present:
            self._change(desk, AgentEvent.MISSED)
            self._expect_back(desk)
        elif desk.pausing is not None:
            self._pause(desk, desk.pausing)
        elif desk.misses >= self._board.plan.targets.misses_max:
            self._pause(desk, TOO_MANY)
        elif self._change(desk, AgentEvent.MISSED):
            pause_s = getattr(self._board.plan.targets, pause)
            self._set_reason(desk, reason, pause_s)

    def let_go(self, desk: AgentDesk) -> None:
        """The caller hung up while the phone rang: ready once it has stopped ringing."""
        desk.call = None
        self._lease(desk, RELEASE_S)

    def released(self, desk: AgentDesk) -> None:
        """The phone that we hung up has heard of it: of a ringing one the idle time counts on."""
        if desk.state is AgentState.TALKING:  # with nobody, since a restart
            self.done(desk, None)
            return
        if desk.held_since_at is not None and desk.state not in RUNG:
            self._rest_over(desk)
            return
        if desk.state is AgentState.WRAPPING_UP and desk.last is not None:
            if self._board.now >= desk.since_at + self._board.plan.targets.wrap_up_s:
                self._rest_over(desk)
            return
        if desk.state not in RUNG:
            return
        if desk.leaving:
            self._leave(desk)
        elif desk.pausing is not None:
            self._pause(desk, desk.pausing)
        elif self._change(desk, AgentEvent.RELEASED):
            self._board.timers.cancel(("agent", desk.agent.id))
            self._board.free.append(desk)

    def talked(self, desk: AgentDesk, past: PastCall) -> None:
        """Keep a conversation for the informateur's own screen, until the day is over."""
        day = self._board.service_day()
        if desk.day != day:
            desk.day, desk.past = day, []
        desk.past.append(past)

    def done(self, desk: AgentDesk, last: LastCall | None) -> None:
        """The call is over: wrap-up, or only a moment if there was no conversation (no `last`)."""
        desk.call = None
        desk.last = last
        changed = self._change(desk, AgentEvent.DONE)
        if changed and desk.dismissed:
            self._leave(desk)
        elif changed:
            rest_s = self._board.plan.targets.wrap_up_s if last else RELEASE_S
            if desk.leg in self._board.legs:
                # Hung up by us: until its phone has heard of that, a new call finds it busy.
                rest_s = max(rest_s, RELEASE_S)
            self._lease(desk, rest_s)
            self._expect_back(desk)

    def back(self, desk: AgentDesk) -> bool:
        """The informateur whose page has lost the call is back; return whether they are ready.

        Neither wrap-up nor pause follows, unless asked for during the call.
        """
        if desk.state is AgentState.WRAPPING_UP or desk.reason in _SHORT:
            self._rest_over(desk)
        return desk.state is AgentState.READY

    def lease_ended(self, desk: AgentDesk) -> None:
        """The lease of the state has ended without the event that should have ended it."""
        match desk.state:
            case AgentState.WRAPPING_UP | AgentState.PAUSED if desk.held_since_at is not None:
                self._rest_over(desk)
            case AgentState.WRAPPING_UP:
                self._rest_over(desk)
            case AgentState.TALKING:
                self._still_there(desk)
            case AgentState.PAUSED if desk.reason in _SHORT:
                self._rest_over(desk)
            case AgentState.PAUSED | AgentState.LOGGED_OUT:
                self._leave(desk)
            case AgentState.RESERVED | AgentState.RINGING:
                if desk.call is None:
                    if not self._is_held(desk):
                        self.released(desk)
                else:
                    self.missed(desk, LegEnd.UNREACHABLE)
            case AgentState.READY:
                pass

    def _still_there(self, desk: AgentDesk) -> None:
        """Ask Asterisk for the leg; if it is gone, the command fails."""
        if desk.call is None or desk.leg is None:
            self.done(desk, None)
            return
        self._board.commands.append(Verify(desk.call, desk.leg))
        self._lease(desk, self._board.plan.targets.verify_s)

    # States.

    def _rest_over(self, desk: AgentDesk) -> None:
        """Become ready, or what the informateur has asked for in the meantime."""
        if desk.leaving:
            self._leave(desk)
        elif desk.pausing is not None:
            self._pause(desk, desk.pausing)
        elif self._is_held(desk):
            pass  # ready when the phone is
        elif self._change(desk, AgentEvent.RESTED):
            desk.directed_by = None
            self._clear_reason(desk)
            self._board.free.append(desk)

    def _is_held(self, desk: AgentDesk) -> bool:
        """Return whether the phone still has the call that we hung up; look again soon if so.

        A hang-up may be refused, or wait behind what Asterisk is slow to answer.
        """
        board = self._board
        leg = None if desk.leg is None else board.legs.get(desk.leg)
        if desk.leg is None or leg is None or leg.role is not Role.DISMISSED:
            desk.held_since_at = None
            return False
        if desk.held_since_at is None:
            desk.held_since_at = board.now
        elif board.now >= desk.held_since_at + HELD_MAX_S:
            board.legs.pop(desk.leg)
            desk.held_since_at = None
            return False
        own = CallId(desk.leg)  # what the old call waits for does not delay these
        board.commands += [HangUp(own, desk.leg), Verify(own, desk.leg)]
        self._lease(desk, RELEASE_S)
        return True

    def _come(self, desk: AgentDesk) -> None:
        """The phone is back: become ready, or resume the pause that its absence interrupted."""
        if desk.state is not AgentState.LOGGED_OUT or not desk.present:
            return
        now = self._board.now
        chosen = desk.reason is not None and desk.reason not in _SHORT
        if desk.leaving:
            self._leave(desk)
        elif desk.pausing is not None:
            self._pause(desk, desk.pausing)
        elif chosen and desk.until_at is not None and desk.until_at > now:
            if self._change(desk, AgentEvent.PAUSED):
                self._board.timers.set(("agent", desk.agent.id), desk.until_at)
        elif self._change(desk, AgentEvent.CAME):
            desk.directed_by = None
            self._clear_reason(desk)
            self._board.count(DutyFact(self._board.service_day(), desk.agent.id))
            self._board.free.append(desk)

    def _pause(self, desk: AgentDesk, reason: ReasonId) -> None:
        desk.pausing = None
        self._change(desk, AgentEvent.MISSED if desk.state in IN_CALL else AgentEvent.PAUSED)
        if desk.state is AgentState.PAUSED:
            chosen = self._board.plan.desk.reasons.get(reason)
            longest_s = chosen.longest_s if chosen else self._board.plan.desk.missed_longest_s
            self._set_reason(desk, reason, longest_s)

    def _leave(self, desk: AgentDesk) -> None:
        desk.leaving, desk.pausing, desk.misses = False, None, 0
        desk.directed_by = None
        if desk.state in IN_CALL:
            self._change(desk, AgentEvent.MISSED)
        self._change(desk, AgentEvent.WENT)
        desk.reason = desk.until_at = None
        self._board.timers.cancel(("agent", desk.agent.id))
        self._board.roster.sign_out(desk)
        self._tell(desk)
        if desk.dismissed:
            self._board.roster.remove(desk)

    def _sign_in(self, desk: AgentDesk, phone: PhoneId) -> None:
        self._board.roster.sign_in(desk, phone)
        desk.leaving, desk.pausing, desk.misses = desk.dismissed, None, 0
        self._tell(desk)

    def _set_reason(self, desk: AgentDesk, reason: ReasonId, for_s: float) -> None:
        desk.reason = reason
        desk.until_at = self._board.now + for_s
        self._lease(desk, for_s)
        if reason not in _SHORT:
            self._tell(desk)

    def _clear_reason(self, desk: AgentDesk) -> None:
        told = desk.reason is not None and desk.reason not in _SHORT
        desk.reason = desk.until_at = None
        self._board.timers.cancel(("agent", desk.agent.id))
        if told:
            self._tell(desk)

    def _change(self, desk: AgentDesk, event: AgentEvent) -> bool:
        desk.held_since_at = None
        return self._board.roster.change(desk, event, self._board.now)

    def _lease(self, desk: AgentDesk, after_s: float) -> None:
        self._board.timers.set(("agent", desk.agent.id), self._board.now + after_s)

    def _tell(self, desk: AgentDesk) -> None:
        """Have the session stored, so that it survives a restart."""
        until_at = desk.until_at if desk.reason is not None else None
        self._board.commands.append(DeskChanged(desk.agent.id, desk.phone, desk.reason, until_at))
