"""Counting: from the facts that the service keeps to the columns that figures are made of."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from router.core.facts import CallFact, Door, DutyFact, Outcome, SubjectFact
from router.core.ids import EntryId, FicheId, SectorId
from router.report.columns import (
    CLASS,
    MODE,
    OFFERED_CLASSES,
    SHORT_ABANDON_S,
    SUMS,
    Column,
    Counts,
    Mode,
)

#: A half-hour (UTC epoch seconds) and a sector: as finely as calls are counted.
Place = tuple[int, SectorId | None]


def tally(calls: Iterable[CallFact], live_target_s: int) -> dict[Place, Counts]:
    """Count calls by half-hour and sector; `live_target_s` is the target of the service level."""
    places: defaultdict[Place, Counts] = defaultdict(Counter)
    for call in calls:
        add(call, live_target_s, places[call.period_at, call.sector])
    return dict(places)


def by_mode(calls: Iterable[CallFact], live_target_s: int) -> dict[Mode, Counts]:
    """Count live calls and callbacks separately."""
    modes: dict[Mode, Counts] = {mode: Counter() for mode in Mode}
    for call in calls:
        add(call, live_target_s, modes[MODE[call.door]])
    return modes


def add(call: CallFact, live_target_s: int, counts: Counts) -> None:
    """Add one call to `counts`."""
    kind, live = CLASS[call.outcome], MODE[call.door] is Mode.LIVE
    classify(call.door, call.outcome, 1, counts)
    if kind is Column.ANSWERED:
        counts[Column.TALKED_S] += call.talked_s or 0
        if live and call.waited_s is not None:
            counts[Column.WITHIN if call.waited_s <= live_target_s else Column.LATE] += 1
            counts[Column.WAITED_S] += call.waited_s
        else:
            counts[Column.UNTIMED] += 1
    elif kind is Column.ABANDONED:
        short = call.waited_s is not None and call.waited_s < SHORT_ABANDON_S
        counts[Column.SHORT] += short
        counts[Column.LASTING] += live and not short
    if call.kept is not None:
        promise(call.door, call.kept, 1, counts)


def classify(door: Door, outcome: Outcome, alike: int, counts: Counts) -> None:
    """Add `alike` calls that came by `door` and ended with `outcome` to `counts`."""
    kind, live = CLASS[outcome], MODE[door] is Mode.LIVE
    counts[Column.TOTAL] += alike
    counts[kind] += alike
    if kind in OFFERED_CLASSES:
        counts[Column.OFFERED] += alike
        if live:
            counts[Column.LIVE_OFFERED] += alike
    if kind is Column.ANSWERED and not live:
        counts[Column.ANSWERED_CALLBACK] += alike
    if kind is Column.ABANDONED and live:
        counts[Column.LIVE_ABANDONED] += alike


def promise(door: Door, kept: bool, alike: int, counts: Counts) -> None:
    """Add `alike` promises, all kept or all broken, to `counts`."""
    counts[Column.PROMISED] += alike
    counts[Column.KEPT if kept else Column.LATER] += alike
    if MODE[door] is Mode.CALLBACK:
        counts[Column.CALLBACK_PROMISED] += alike
        counts[Column.CALLBACK_KEPT] += alike * kept


def merged(parts: Iterable[Counts]) -> Counts:
    """Return the sum of all counts."""
    whole: Counts = Counter()
    for part in parts:
        whole.update(part)
    return whole


def reconciles(counts: Mapping[Column, int]) -> bool:
    """Whether every call is in exactly one class, by all of `SUMS`."""
    return all(
        counts.get(total, 0) == sum(counts.get(part, 0) for part in parts)
        for total, parts in SUMS.items()
    )


def referrals(calls: Iterable[CallFact], notes: Mapping[SubjectFact, int]) -> dict[EntryId, Counts]:
    """Count, for each entry of the directory, calls sent there and notes that name it."""
    entries: defaultdict[EntryId, Counts] = defaultdict(Counter)
    for call in calls:
        if call.referral is not None:
            entries[call.referral][Column.SENT] += 1
    for note, alike in notes.items():
        if note.referral is not None:
            entries[note.referral][Column.ADVISED] += alike
    return dict(entries)


def subjects(notes: Mapping[SubjectFact, int]) -> dict[FicheId | SectorId, Counts]:
    """Count notes by subject, a page or a sector."""
    counted: defaultdict[FicheId | SectorId, Counts] = defaultdict(Counter)
    for note, alike in notes.items():
        counts = counted[note.subject]
        counts[Column.NOTED] += alike
        counts[Column.IMPROVE if note.improve else Column.FINE] += alike
    return dict(counted)


def mobilised(duty: Iterable[DutyFact]) -> int:
    """Return how many different informateurs were ready for calls at least once."""
    return len({fact.agent for fact in duty})
