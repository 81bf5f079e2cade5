"""Tables of what informateurs noted, and of where callers were sent."""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping

from router.core.facts import CallFact, SubjectFact
from router.core.ids import EntryId, FicheId, SectorId
from router.core.plan import Plan
from router.core.requests import Result
from router.report.columns import Column, Counts
from router.report.counting import merged, referrals, subjects
from router.report.figures import figure
from router.report.tables import Draft, Line, Table, heads, ranked, total_line

#: In French.
RESULT_NAMES = {
    Result.ANSWERED: "Réponse complète",
    Result.PARTLY: "Réponse partielle",
    Result.REFERRED: "Orientation vers un autre service",
    Result.OUT_OF_SCOPE: "Hors du champ du service",
}


def subject_tables(plan: Plan, notes: Mapping[SubjectFact, int]) -> Iterable[Table]:
    """Yield the subjects by how often they came, and the pages to improve; rare ones together."""
    counted = subjects(notes)
    draft = Draft()
    draft.breakdown(
        "subjects",
        dict(counted.items()),
        {Column.FINE: 0, Column.IMPROVE: 1, Column.NOTED: 2},
        {Column.NOTED: (Column.IMPROVE, Column.FINE)},
    )
    draft.decide()
    drafted = {
        subject: {
            id_: draft.figure(id_, "subjects", subject, counts) for id_ in ("noted/1", "improve/1")
        }
        for subject, counts in counted.items()
    }
    whole = merged(counted.values())
    for table, title, ids in (
        ("subjects", "Sujets", ("noted/1", "improve/1")),
        ("improve", "Pages à améliorer", ("improve/1",)),
    ):
        shown = {
            subject: tuple(figures[id_] for id_ in ids)
            for subject, figures in drafted.items()
            if figures["noted/1"].value and (figures[ids[0]].value or figures[ids[0]].withheld)
        }
        names = {subject: _subject_name(plan, subject) for subject in shown}
        yield Table(
            table, title, heads(ids), *ranked(shown, names, [figure(id_, whole) for id_ in ids])
        )


def _subject_name(plan: Plan, subject: FicheId | SectorId) -> str:
    fiche = plan.fiches.get(FicheId(subject))
    if fiche is not None:
        return f"{fiche.title} ({fiche.id})"
    sector = plan.sectors.get(SectorId(subject))
    return f"{sector.name} (domaine)" if sector is not None else subject


def result_table(notes: Mapping[SubjectFact, int]) -> Table:
    """Return how the calls noted ended."""
    counted: dict[Hashable, Counts] = {
        result: Counter(
            {Column.NOTED: sum(alike for note, alike in notes.items() if note.result is result)}
        )
        for result in Result
    }
    draft = Draft()
    draft.breakdown("results", counted, {Column.NOTED: 0}, {})
    draft.decide()
    return Table(
        "results",
        "Issue des appels notés",
        heads(("noted/1",)),
        tuple(
            Line(
                result.value,
                RESULT_NAMES[result],
                (draft.figure("noted/1", "results", result, counted[result]),),
            )
            for result in Result
        ),
        total_line([figure("noted/1", merged(counted.values()))]),
    )


def referral_table(
    plan: Plan, calls: Iterable[CallFact], notes: Mapping[SubjectFact, int]
) -> Table:
    """Return the entries of the directory to which callers were sent or referred."""
    counted = referrals(calls, notes)
    ids = ("sent/1", "advised/1")
    draft = Draft()
    draft.breakdown(
        "referrals",
        dict(counted.items()),
        {Column.SENT: 0, Column.ADVISED: 0},
        {},
    )
    draft.decide()
    drafted = {
        entry: tuple(draft.figure(id_, "referrals", entry, counts) for id_ in ids)
        for entry, counts in counted.items()
    }
    shown = {
        entry: figures for entry, figures in drafted.items() if any(one.value for one in figures)
    }
    names = {entry: _entry_name(plan, entry) for entry in shown}
    whole = merged(counted.values())
    return Table(
        "referrals",
        "Orientations vers d’autres services",
        heads(ids),
        *ranked(shown, names, [figure(id_, whole) for id_ in ids]),
    )


def _entry_name(plan: Plan, entry: EntryId) -> str:
    known = plan.directory.get(entry)
    return known.name if known is not None else entry
