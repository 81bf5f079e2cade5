"""Why a call that we placed on the public network was not picked up, by what the carrier said.

Asterisk gives the carrier's own answer, a SIP status (RFC 3261, section 21), as `tech_cause`
since 22.7; its Q.850 cause alone mixes 403 with 603, and 408 with a phone that rings. All of
it measured, status by status.
"""

from collections.abc import Mapping

from router.core.events import CalledEnd, LegEnd

#: By SIP status; what is not named is judged by its class.
STATUSES: Mapping[int, CalledEnd] = {
    # The person's own.
    486: CalledEnd.BUSY,
    600: CalledEnd.BUSY,
    603: CalledEnd.DECLINED,
    607: CalledEnd.DECLINED,  # unwanted (RFC 8197)
    # The phone is off or away; also Asterisk's own word when it has rung for long enough.
    480: CalledEnd.NO_ANSWER,
    487: CalledEnd.NO_ANSWER,
    # The number's.
    404: CalledEnd.UNASSIGNED,
    410: CalledEnd.UNASSIGNED,
    484: CalledEnd.UNASSIGNED,
    485: CalledEnd.UNASSIGNED,
    604: CalledEnd.UNASSIGNED,
    # The carrier's.
    408: CalledEnd.SILENT,  # also Asterisk's own word when nothing was answered at all
    606: CalledEnd.REFUSED,  # not acceptable: codecs
    608: CalledEnd.REFUSED,  # by a filter on the way (RFC 8688)
}
_CLASSES: Mapping[int, CalledEnd] = {
    3: CalledEnd.REFUSED,  # sent elsewhere, where we do not follow
    4: CalledEnd.REFUSED,  # 401, 403, 407 before all
    5: CalledEnd.FAILED,
    6: CalledEnd.DECLINED,
}
#: By Q.850 cause, where no status came: we hung up, or the call did not leave Asterisk.
_CAUSES: Mapping[int, CalledEnd] = {
    1: CalledEnd.UNASSIGNED,
    16: CalledEnd.HUNG_UP,
    17: CalledEnd.BUSY,
    18: CalledEnd.NO_ANSWER,
    19: CalledEnd.NO_ANSWER,
    21: CalledEnd.DECLINED,
    22: CalledEnd.UNASSIGNED,
    28: CalledEnd.UNASSIGNED,
}
#: What only says that the carrier would not connect us; after a ringing it did.
_BEFORE_RINGING = frozenset(
    {CalledEnd.UNASSIGNED, CalledEnd.REFUSED, CalledEnd.FAILED, CalledEnd.SILENT}
)

_LEG_ENDS: Mapping[CalledEnd, LegEnd] = {
    CalledEnd.BUSY: LegEnd.BUSY,
    CalledEnd.DECLINED: LegEnd.REJECTED,
    CalledEnd.NO_ANSWER: LegEnd.NO_ANSWER,
    CalledEnd.HUNG_UP: LegEnd.HUNG_UP,
}


def called_end(status: int | None, cause: int, *, rang: bool) -> CalledEnd:
    """Return what the end of a call that was not picked up means.

    `status` is the carrier's, None without any; `cause` is Q.850's.
    """
    if status is None:
        end = _CAUSES.get(cause, CalledEnd.FAILED)
    else:
        end = STATUSES.get(status) or _CLASSES.get(status // 100, CalledEnd.FAILED)
    return CalledEnd.NO_ANSWER if rang and end in _BEFORE_RINGING else end


def leg_end(end: CalledEnd) -> LegEnd:
    """Return the same of a service of the directory, dialled for a caller."""
    return _LEG_ENDS.get(end, LegEnd.UNREACHABLE)
