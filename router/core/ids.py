"""The names that events and commands carry.

Ids of legs, bridges and playbacks are chosen by the engine before Asterisk hears of
them (ARI `originateWithId`, `createWithId`, `playWithId`), so an answer that arrives
before the HTTP reply is already known.
"""

from typing import NewType

#: The caller's channel, named by Asterisk when the call comes in.
CallId = NewType("CallId", str)
#: Any channel: the caller's (same text as the CallId) or an informateur's leg.
ChannelId = NewType("ChannelId", str)
BridgeId = NewType("BridgeId", str)
PlaybackId = NewType("PlaybackId", str)
AgentId = NewType("AgentId", str)
SectorId = NewType("SectorId", str)
#: A web page of the public site, "F1234".
FicheId = NewType("FicheId", str)
#: A sentence of prompts/catalogue.toml, by its kebab-case id.
PromptId = NewType("PromptId", str)
MenuId = NewType("MenuId", str)
PageId = NewType("PageId", str)
#: An informateur's phone: Asterisk's endpoint agent-<id>. Each informateur has one of the
#: same number, and may work at another.
PhoneId = NewType("PhoneId", str)
#: An administration or service that callers are referred to.
EntryId = NewType("EntryId", str)
#: Why an informateur takes no calls.
ReasonId = NewType("ReasonId", str)
#: An accepted request to be called back; unguessable, known to the usager's page alone.
TicketId = NewType("TicketId", str)
#: A question that callers vote on.
QuestionId = NewType("QuestionId", str)
