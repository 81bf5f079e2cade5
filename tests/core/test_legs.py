"""The registry of channels: whose each is, until its end is reported."""

from router.core.call.life import Call
from router.core.ids import AgentId, CallId, ChannelId
from router.core.legs import Legs, Role
from tests.service_plan import small_plan

CALL = Call(CallId("call"), 0.0, small_plan())
CALLER, LEG, EAR = ChannelId("call"), ChannelId("leg"), ChannelId("ear")


def registry() -> Legs:
    legs = Legs()
    legs.add(CALLER, Role.CALLER, CALL)
    legs.add(LEG, Role.INFORMATEUR, CALL, AgentId("101"))
    legs.add(EAR, Role.SNOOP, CALL)
    return legs


def test_one_look_up_says_whose_a_channel_is() -> None:
    leg = registry().get(LEG)

    assert leg is not None
    assert (leg.role, leg.owner, leg.agent) == (Role.INFORMATEUR, CALL, AgentId("101"))
    assert registry().get(ChannelId("other")) is None


def test_a_dismissed_leg_is_known_until_it_ends() -> None:
    legs = registry()
    legs.dismiss(LEG)
    known = legs.get(LEG)

    assert known is not None
    assert known.role is Role.DISMISSED
    assert legs.pop(LEG) is known
    assert LEG not in legs


def test_an_unknown_channel_cannot_be_dismissed() -> None:
    legs = registry()
    legs.dismiss(ChannelId("other"))

    assert ChannelId("other") not in legs
    assert legs.pop(ChannelId("other")) is None


def test_the_legs_that_we_dialled() -> None:
    legs = registry()
    legs.dismiss(LEG)

    assert list(legs.dialled()) == [LEG]
