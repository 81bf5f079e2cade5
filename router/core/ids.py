"""The ids that events and commands carry.

Ids of legs, bridges and playbacks are chosen by the engine before Asterisk hears of them (ARI
`originateWithId`, `createWithId`, `playWithId`), so an event that overtakes the HTTP reply is
already known.
"""

from typing import NewType

#: A caller's channel, named by Asterisk when the call comes in.
CallId = NewType("CallId", str)
#: Any channel: a caller's (the same text as its CallId) or a leg that we dialled.
ChannelId = NewType("ChannelId", str)
BridgeId = NewType("BridgeId", str)
PlaybackId = NewType("PlaybackId", str)
AgentId = NewType("AgentId", str)
SectorId = NewType("SectorId", str)
#: A page of the public site, "F1234".
FicheId = NewType("FicheId", str)
#: The kebab-case id of a sentence in prompts/catalogue.toml.
PromptId = NewType("PromptId", str)
MenuId = NewType("MenuId", str)
PageId = NewType("PageId", str)
#: An informateur's phone: Asterisk's endpoint agent-<id>. Each informateur has the one of the
#: same number, one in the browser (`browser_of`), and may work at another's.
PhoneId = NewType("PhoneId", str)
#: An administration or service to which callers are referred.
EntryId = NewType("EntryId", str)
#: Why an informateur is paused.
ReasonId = NewType("ReasonId", str)
#: An accepted request to be called back. It cannot be guessed, and only the page that asked for
#: the callback knows it.
TicketId = NewType("TicketId", str)
#: A question put to callers after the conversation.
QuestionId = NewType("QuestionId", str)

#: Ends the id of a phone in a browser; the ids of informateurs have no dot.
_IN_BROWSER = ".web"


def browser_of(phone: str) -> PhoneId:
    """Return the phone in the browser of the informateur who has this phone: "101" -> "101.web"."""
    return PhoneId(phone + _IN_BROWSER)


def is_browser(phone: PhoneId) -> bool:
    """Return whether the phone is one in a browser."""
    return phone.endswith(_IN_BROWSER)


def owner_of(phone: PhoneId) -> AgentId:
    """Return the informateur whose own phone this is, on the desk or in the browser, if any is."""
    return AgentId(phone.removesuffix(_IN_BROWSER))
