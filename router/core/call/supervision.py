"""A supervisor takes part in an informateur's conversation: listens, whispers, or joins.

Caller and informateur are told before it begins, the informateur's screen names the supervisor,
and each time is counted for audits. Nothing is recorded: `Snoop` opens a channel that is heard
live, and the router has no command that asks Asterisk for a recording. (Asterisk's module for such
requests, `res_stasis_recording`, is loaded all the same, because `res_ari_channels` is linked with
it: docs/informateur.md.)
"""

from router.core.call.life import Call, CallState, Watch
from router.core.commands import HangUp, Join, Part, PutIn, Ring, Snoop, Step
from router.core.desk.agents import AgentState
from router.core.desk.duty import RING_BACKSTOP_S, Duty
from router.core.events import SnoopStarted, SupervisorAsked
from router.core.facts import WatchFact
from router.core.ids import AgentId, ChannelId, PhoneId, PromptId
from router.core.legs import Role, Said
from router.core.requests import Reply, Watching
from router.core.switchboard import Switchboard

WATCH_CALLER = PromptId("watch-caller")
WATCH_AGENT = PromptId("watch-agent")
WATCH_SUPERVISOR = PromptId("watch-supervisor")
PROMPTS = frozenset({WATCH_CALLER, WATCH_AGENT, WATCH_SUPERVISOR})


class Supervision:
    """Lets supervisors take part, until the conversation ends or the caller is put on hold."""

    def __init__(self, board: Switchboard, duty: Duty) -> None:
        self._board = board
        self._duty = duty

    def ask(self, event: SupervisorAsked) -> Reply:
        """Ring the supervisor's phone, or say why not."""
        board = self._board
        desk = board.roster.desks.get(event.agent)
        call = board.calls.get(desk.call) if desk is not None and desk.call is not None else None
        if call is None or call.state is not CallState.TALKING or call.agent != event.agent:
            return Reply.NOT_IN_CALL
        refusal = self._why_not(call, event.phone)
        if refusal is not None:
            return refusal
        leg = board.new_leg()
        call.watch = Watch(event.supervisor, event.phone, event.watching, leg)
        board.legs.add(leg, Role.SUPERVISOR, call)
        timeout_s = board.plan.targets.ring_s + RING_BACKSTOP_S
        board.commands.append(Ring(call.id, AgentId(event.phone), leg, timeout_s, event.phone))
        return Reply.WATCHING

    def _why_not(self, call: Call, phone: PhoneId) -> Reply | None:
        board = self._board
        roster = board.roster
        if not self._duty.knows(phone):
            return Reply.PHONE_UNKNOWN
        if phone not in roster.phones:
            return Reply.PHONE_ABSENT
        owner = roster.at.get(phone)
        if owner is not None and owner.state is not AgentState.LOGGED_OUT:
            return Reply.PHONE_TAKEN
        others = (other.watch for other in board.calls.values())
        if call.watch is not None or any(watch and watch.phone == phone for watch in others):
            return Reply.BUSY
        return None

    def answered(self, call: Call) -> None:
        """The supervisor has picked up: tell both; it begins once the caller has been told."""
        board, watch = self._board, call.watch
        if watch is None or watch.answered or call.leg is None:
            return
        watch.answered = True
        board.play_on(call.id, watch.leg, (WATCH_SUPERVISOR,))
        call.said[Said.WATCHED_INFORMATEUR] = board.play_on(call.id, call.leg, (WATCH_AGENT,))
        call.said[Said.WATCHED_CALLER] = board.play_on(call.id, call.channel, (WATCH_CALLER,))

    def begin(self, call: Call) -> None:
        """The caller has been told: let the supervisor listen, whisper or join."""
        board, watch = self._board, call.watch
        assert watch is not None  # otherwise the caller would not have been told anything
        assert call.agent is not None
        assert call.leg is not None
        assert call.bridge is not None
        watch.begun = True
        board.note(call, Step.WATCHED, agent=call.agent, detail=watch.watching.value)
        at = board.plan.hours.wall(board.now)
        board.count(WatchFact(at, watch.supervisor, call.agent, watch.watching))
        if watch.watching is Watching.JOIN:
            board.commands.append(PutIn(call.id, call.bridge, watch.leg))
        else:
            watch.snoop = board.new_snoop()
            board.legs.add(watch.snoop, Role.SNOOP, call)
            whispers = watch.watching is Watching.WHISPER
            board.commands.append(Snoop(call.id, call.leg, watch.snoop, whispers))

    def snooping(self, event: SnoopStarted) -> None:
        """The snooping channel exists: connect the supervisor to it."""
        board = self._board
        call = board.calls.get(event.call)
        watch = call.watch if call is not None else None
        if call is None or watch is None or watch.snoop != event.snoop:
            board.commands.append(HangUp(event.call, event.snoop))
        elif watch.bridge is None:  # otherwise reported twice
            watch.bridge = board.new_bridge()
            board.commands.append(Join(call.id, watch.bridge, (event.snoop, watch.leg)))

    def deaf(self, call: Call) -> None:
        """The snooping channel could not be opened, or is gone."""
        if call.watch is not None and call.watch.snoop is not None:
            self._board.legs.pop(call.watch.snoop)
            call.watch.snoop = None
        self.end(call)

    def left(self, call: Call) -> None:
        """The supervisor has hung up."""
        self._end(call, None)

    def end(self, call: Call) -> None:
        """End the supervisor's part, if there is one."""
        if call.watch is not None:
            self._end(call, call.watch.leg)

    def _end(self, call: Call, leg: ChannelId | None) -> None:
        board = self._board
        watch, call.watch = call.watch, None
        assert watch is not None
        board.note(call, Step.UNWATCHED, agent=call.agent)
        board.cut_short(call, Said.WATCHED_CALLER)
        call.said.pop(Said.WATCHED_INFORMATEUR, None)
        if leg is not None:
            board.commands.append(HangUp(call.id, leg))
            board.legs.dismiss(leg)
        if watch.snoop is not None:
            board.commands.append(HangUp(call.id, watch.snoop))
            board.legs.pop(watch.snoop)
        if watch.bridge is not None:
            board.commands.append(Part(call.id, watch.bridge))
