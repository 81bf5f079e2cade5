"""Why a channel that the router dialled ended, by what the carrier or Asterisk said of it.

Asterisk passes the carrier's own answer on, a SIP status (RFC 3261, section 21), as `tech_cause`
since 22.7; its Q.850 cause alone does not tell 403 from 603, nor 408 from a phone that rings.
All of it measured, status by status.
"""

from collections.abc import Mapping

from router.core.events import CalledEnd, LegEnd

#: By SIP status; any other is judged by its class.
STATUSES: Mapping[int, CalledEnd] = {
    # From the person called.
    486: CalledEnd.BUSY,
    600: CalledEnd.BUSY,
    603: CalledEnd.DECLINED,
    607: CalledEnd.DECLINED,  # unwanted (RFC 8197)
    # The phone is off or away; also what Asterisk itself says when it has rung for long enough.
    480: CalledEnd.NO_ANSWER,
    487: CalledEnd.NO_ANSWER,
    # About the number.
    404: CalledEnd.UNASSIGNED,
    410: CalledEnd.UNASSIGNED,
    484: CalledEnd.UNASSIGNED,
    485: CalledEnd.UNASSIGNED,
    604: CalledEnd.UNASSIGNED,
    # From the carrier.
    408: CalledEnd.SILENT,  # also what Asterisk itself says when nothing was answered at all
    606: CalledEnd.REFUSED,  # not acceptable: codecs
    608: CalledEnd.REFUSED,  # by a filter on the way (RFC 8688)
}
_CLASSES: Mapping[int, CalledEnd] = {
    3: CalledEnd.REFUSED,  # sent elsewhere, where we do not follow
    4: CalledEnd.REFUSED,  # above all 401, 403, 407
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
#: These only say that the carrier would not connect the call; if it has rung, it did.
_BEFORE_RINGING = frozenset(
    {CalledEnd.UNASSIGNED, CalledEnd.REFUSED, CalledEnd.FAILED, CalledEnd.SILENT}
)

#: By Q.850 cause, of a leg that nobody picked up: SIP 480 comes as 19, 486 as 17, 603 as 21; 16
#: is the router's own: the caller left, so the phone stopped ringing. Any other: no phone there.
_UNANSWERED: Mapping[int, LegEnd] = {
    16: LegEnd.HUNG_UP,
    17: LegEnd.BUSY,
    18: LegEnd.NO_ANSWER,
    19: LegEnd.NO_ANSWER,
    21: LegEnd.REJECTED,
}
#: Q.850 causes of an answered leg that mean a deliberate goodbye. Asterisk gives 0 for a BYE that
#: crosses its ACK. With 44 (no RTP), 38, 41 and the like the phone has died.
_GOODBYES = frozenset({0, 16, 31})

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
    """Return what the same means of an entry of the directory, dialled for a caller."""
    return _LEG_ENDS.get(end, LegEnd.UNREACHABLE)


def leg_end_by_cause(cause: int, *, answered: bool) -> LegEnd:
    """Return what the end of a phone's leg means, by its Q.850 cause; so too once answered."""
    if answered:
        return LegEnd.HUNG_UP if cause in _GOODBYES else LegEnd.LOST
    return _UNANSWERED.get(cause, LegEnd.UNREACHABLE)
