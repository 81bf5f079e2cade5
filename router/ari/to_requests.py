"""Commands -> requests: what the engine decides, as Asterisk is asked for it. No I/O."""

import re
from collections.abc import Mapping
from typing import assert_never

from router.ari.messages import Request
from router.ari.naming import (
    AGENT_ARGUMENT,
    BRIDGE_NAME,
    CALLBACK_CHANNEL,
    ENDPOINT,
    LONGEST_VARIABLE,
    OUTSIDE_ARGUMENT,
    SNOOP_ARGUMENT,
    waiting_marks,
)
from router.ari.orders import Hush, Order
from router.ari.underway import Underway
from router.core.commands import (
    DialOut,
    HangUp,
    Join,
    Listen,
    Part,
    Play,
    PutIn,
    Remember,
    Ring,
    Snoop,
    StartMusic,
    StopMusic,
    StopPlaying,
    TakeOut,
    Verify,
)
from router.core.ids import ChannelId
from router.core.plan import Plan

#: Asterisk's function that detects speech (func_talkdetect.c).
_TALK_DETECTION, _NO_TALK_DETECTION = "TALK_DETECT(set)", "TALK_DETECT(remove)"

#: What would end a name that is shown on a phone.
_NOT_IN_A_NAME = re.compile(r'["<>\\]')


class Requests:
    """The requests of each command, for one application.

    Notes in `underway` what it asks for: an event that overtakes the answer is understood.
    """

    def __init__(self, app: str, plan: Plan, underway: Underway) -> None:
        self._app = app
        self._underway = underway
        self.change_plan(plan)

    def change_plan(self, plan: Plan) -> None:
        """Go by this plan from now on: the directory, and what phones show."""
        self._numbers = {entry.id: entry.number for entry in plan.directory.values()}
        #: What an informateur's phone and a referral show: the service, never the caller.
        self._caller_id = f'"{_NOT_IN_A_NAME.sub("", plan.name)}" <{plan.number}>'
        self._longest_call_s = plan.targets.longest_call_s

    def of(self, order: Order) -> tuple[Request, ...]:
        """Return what to ask of Asterisk, in order."""
        underway = self._underway
        match order:
            case Play():
                underway.play(order)
                return (_play(order),)
            case StopPlaying():
                path = f"playbacks/{order.playback}"
                return (Request("stop playing", "DELETE", path, gone_is_fine=True),)
            case StartMusic():
                underway.play_music(order.channel)
                return (_music("POST", "start music", order.channel),)
            case StopMusic():
                underway.stop_music(order.channel)
                return (_music("DELETE", "stop music", order.channel),)
            case Remember():
                return (_remember(order),)
            case Listen():
                # Speech begins at once and ends with 2.5 s of silence: Asterisk's own values.
                return (_set_variables("listen", order.channel, {_TALK_DETECTION: ""}),)
            case Ring():
                endpoint = f"PJSIP/{ENDPOINT}{order.phone or order.agent}"
                return (self._dial("ring", order, endpoint, AGENT_ARGUMENT, order.agent),)
            case DialOut():
                number = self._numbers.get(order.entry)
                assert number is not None, "the directory has no number for that entry"
                endpoint = f"PJSIP/{number}@{underway.ways_out()[0]}"
                return (self._dial("dial out", order, endpoint, OUTSIDE_ARGUMENT, order.entry),)
            case Snoop():
                underway.snoop(order.snoop)
                return (self._snoop(order),)
            case Join():
                return (_new_bridge(order), *self._put_in(order, *order.channels))
            case TakeOut():
                removal = self._take_out(order, order.channel)
                return (removal, *map(_send_silence, underway.alone_in(order.bridge)))
            case PutIn():
                return self._put_in(order, order.channel)
            case Part():
                return self._part(order)
            case Verify():
                path = f"channels/{order.leg}"
                return (Request("verify", "GET", path, channel=order.leg),)
            case HangUp():
                return (hang_up(order.channel),)
            case Hush(_, channel):
                return (_send_silence(channel),) if underway.hears_nothing(channel) else ()
            case _:
                assert_never(order)

    def _dial(
        self, operation: str, command: Ring | DialOut, endpoint: str, kind: str, who: str
    ) -> Request:
        self._underway.dial(command.leg, command.call, outside=kind == OUTSIDE_ARGUMENT)
        query = {
            "endpoint": endpoint,
            "app": self._app,
            "appArgs": f"{kind},{who},{command.call}",
            "timeout": str(command.timeout_s),
            "callerId": self._caller_id,
        }
        if not command.call.startswith(CALLBACK_CHANNEL):  # nobody is on the line yet
            # Offers the caller's own codec first: no transcoding (measured).
            query["originator"] = command.call
        return Request(
            operation,
            "POST",
            f"channels/{command.leg}",
            query,
            # A caller may leave while the router is away; then nothing else ends the leg.
            # Dialling clears what the endpoint's set_var would have set (measured).
            body={"variables": {LONGEST_VARIABLE: str(self._longest_call_s)}},
            channel=command.leg,
        )

    def _snoop(self, command: Snoop) -> Request:
        return Request(
            "snoop",
            "POST",
            f"channels/{command.leg}/snoop/{command.snoop}",
            {
                "spy": "both",
                "whisper": "out" if command.whisper else "none",
                "app": self._app,
                "appArgs": f"{SNOOP_ARGUMENT},{command.call}",
            },
            # Not the leg: if that has gone, its own end says so.
            channel=command.snoop,
        )

    def _put_in(self, command: Join | PutIn, *channels: ChannelId) -> tuple[Request, ...]:
        """Put channels together; silence is stopped on all of them, and music of the fallback's.

        Asterisk writes nothing else to a channel to which it sends either (main/channel.c,
        __ast_write): it would hear nobody in the bridge.
        """
        wakened = (*self._underway.alone_in(command.bridge), *channels)
        self._underway.put_in(command.bridge, *channels)
        alone = [channel for channel in channels if self._underway.see_to(channel)]
        return (
            *(_music("DELETE", "stop music", channel) for channel in alone),
            *map(_stop_silence, wakened),
            *(_add_channel(command, channel) for channel in channels),
        )

    def _take_out(self, command: TakeOut | Part, channel: ChannelId) -> Request:
        self._underway.take_out(channel)
        return _remove_channel(command, channel)

    def _part(self, command: Part) -> tuple[Request, ...]:
        """Take the caller out first, if inside, and wait until that is done.

        A prompt that is asked for while its channel is leaving a bridge that was removed is not
        played, and holds the channel up for ten minutes (measured: one in ten; Asterisk's
        bridge_channel.c, PLAYBACK_TIMEOUT).
        """
        removal = remove_bridge(command.bridge)
        caller = ChannelId(command.call)
        if self._underway.bridge_of(caller) != command.bridge:
            return (removal,)
        return (self._take_out(command, caller), removal)


def hang_up(channel: ChannelId) -> Request:
    """Return the request that ends a channel."""
    return Request("hang up", "DELETE", f"channels/{channel}", channel=channel, gone_is_fine=True)


def remove_bridge(bridge: str) -> Request:
    """Return the request that removes a bridge; its channels stay."""
    return Request("remove bridge", "DELETE", f"bridges/{bridge}", gone_is_fine=True)


def _play(command: Play) -> Request:
    # In the body: a query holds 127 media at most, the body as many as a frame (measured).
    return Request(
        "play",
        "POST",
        f"channels/{command.channel}/play/{command.playback}",
        body={"media": [f"sound:allo/{prompt}" for prompt in command.prompts]},
        channel=command.channel,
    )


def _music(method: str, operation: str, channel: ChannelId) -> Request:
    path = f"channels/{channel}/moh"
    return Request(operation, method, path, channel=channel, gone_is_fine=True)


def _send_silence(channel: ChannelId) -> Request:
    path = f"channels/{channel}/silence"
    return Request("send silence", "POST", path, channel=channel, gone_is_fine=True)


def _stop_silence(channel: ChannelId) -> Request:
    path = f"channels/{channel}/silence"
    return Request("stop silence", "DELETE", path, channel=channel, gone_is_fine=True)


def _remember(command: Remember) -> Request:
    variables = waiting_marks(command.sector, command.joined_at, command.fiche)
    if command.stop_listening:
        variables[_NO_TALK_DETECTION] = ""
    return _set_variables("remember", command.channel, variables)


def _set_variables(operation: str, channel: ChannelId, variables: Mapping[str, str]) -> Request:
    return Request(
        operation,
        "POST",
        f"channels/{channel}/variables",
        body={"variables": variables},
        channel=channel,
        may_block=True,
        gone_is_fine=True,
    )


def _new_bridge(command: Join) -> Request:
    # `dtmf_events`: otherwise two phones with one codec exchange their packets past Asterisk's
    # core, and no key of the conversation is seen (native_rtp, measured).
    query = {"type": "mixing,dtmf_events", "name": f"{BRIDGE_NAME}{command.call}"}
    return Request("bridge", "POST", f"bridges/{command.bridge}", query)


def _add_channel(command: Join | PutIn, channel: ChannelId) -> Request:
    query: dict[str, str] = {"channel": channel}
    if channel != ChannelId(command.call):
        # An informateur's keys are for us. A caller's go on to a referral's own menu.
        query["absorbDTMF"] = "true"
    path = f"bridges/{command.bridge}/addChannel"
    return Request("join", "POST", path, query, channel=channel, may_block=True)


def _remove_channel(command: TakeOut | Part, channel: ChannelId) -> Request:
    return Request(
        "part",
        "POST",
        f"bridges/{command.bridge}/removeChannel",
        {"channel": channel},
        may_block=True,
        gone_is_fine=True,
    )
