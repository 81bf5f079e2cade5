"""The names and marks that the router leaves in Asterisk, so that any router recognises its own.

Arguments of the Stasis application on each channel, variables on a caller's channel, names of
bridges and endpoints. Written by `to_requests`, read back by `to_events` and `resync`.
"""

from router.core.ids import FicheId, PhoneId, SectorId

#: The first argument of Stasis() says what a channel is. After it come:
#: on a caller's channel nothing (asterisk-conf/extensions.conf);
CALLER_ARGUMENT = "caller"
#: After that argument: it is the service that calls itself.
PROBE_DOOR = "probe"
#: After that argument, of a caller whom the fallback has asked meanwhile: sector, since when (UTC
#: epoch seconds), and the page whose code was typed, or NO_FICHE.
WAITING_DOOR = "waiting"
NO_FICHE = "-"
#: on a phone that dialled the desk, its endpoint and the code dialled (the same file);
DESK_ARGUMENT = "desk"
#: on an informateur's leg, the informateur and the call;
AGENT_ARGUMENT = "agent"
#: on a leg to a referral, the directory's entry and the call;
OUTSIDE_ARGUMENT = "outside"
#: on a supervisor's ear, the call;
SNOOP_ARGUMENT = "snoop"
#: on the channel of somebody who is called back, its own id.
CALLBACK_ARGUMENT = "callback"
#: How the ids of those channels begin (`core.callback.tickets.channel_of`).
CALLBACK_CHANNEL = "callback-"

#: A bridge's name is this and the id of the call in it.
BRIDGE_NAME = "allo:"

#: An informateur's or a supervisor's PJSIP endpoint is this and the phone.
ENDPOINT = "agent-"
#: The carrier's PJSIP endpoint, where there is but one (`asterisk.carriers`).
TRUNK = "trunk"

#: Where a caller waits and since when, on the caller's channel, for a router that is restarted;
#: and the page whose code was typed, if any.
SECTOR_VARIABLE = "ALLO_SECTOR"
JOINED_VARIABLE = "ALLO_JOINED_AT"
FICHE_VARIABLE = "ALLO_FICHE"
#: Instead of the sector, of a caller who has talked and waits for nobody any more.
SERVED = "-"
#: The seconds after which Asterisk ends the channel, whatever has become of the router.
LONGEST_VARIABLE = "TIMEOUT(absolute)"


def waiting_marks(
    sector: SectorId | None, joined_at: float, fiche: FicheId | None = None
) -> dict[str, str]:
    """Return the variables that say where a caller waits since `joined_at`, UTC epoch seconds.

    Without a sector the caller has been served.
    """
    marks = {SECTOR_VARIABLE: sector or SERVED, JOINED_VARIABLE: repr(joined_at)}
    if fiche is not None:
        marks[FICHE_VARIABLE] = fiche
    return marks


def after_the_gap(sector: SectorId, joined_at: float, fiche: FicheId | None = None) -> str:
    """Return what follows CALLER_ARGUMENT for a caller who has been asked already."""
    return f",{WAITING_DOOR},{sector},{joined_at!r},{fiche or NO_FICHE}"


def phone_of(endpoint: str) -> PhoneId | None:
    """Return the phone whose PJSIP endpoint this is, "agent-101" -> "101"; None: it is none."""
    return PhoneId(endpoint.removeprefix(ENDPOINT)) if endpoint.startswith(ENDPOINT) else None
