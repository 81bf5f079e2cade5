"""The staffing as text in French, for whoever directs the service."""

import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby

from router.french import MONTHS
from router.planning.paid import FULL_TIME_H, Paid, hours, most, of_team
from router.planning.staffing import CHECK_MONTHS, Answer, Staffing
from router.planning.targets import Aim, Score
from router.planning.teams import Needs
from router.report.text import section
from router.report.words import NO_BREAK, number, percent
from router.simulation.tally import Slot

_DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
#: Longest line, in columns.
_WIDTH = 110
#: How many of the half-hours that clearly miss a target are named.
_NAMED = 8


def as_text(answer: Answer, of: Staffing) -> str:
    """Return the answer in French, for about 110 columns."""
    title = (
        f"{of.plan.name}{NO_BREAK}: effectifs nécessaires, semaine type de "
        f"{MONTHS[answer.week.month - 1]}{NO_BREAK}{of.year}"
    )
    parts = [
        f"{title}\n{'=' * len(title)}",
        _filled(
            "Combien d’informateurs doivent être en poste, à chaque demi-heure, pour tenir les "
            f"objectifs dans le mois le plus chargé de «{NO_BREAK}{of.workload.name}{NO_BREAK}» "
            "(sans pics, pannes ni absences exceptionnelles). Effectif simulé, puis contrôlé sur "
            f"{CHECK_MONTHS * len(answer.week.days)}{NO_BREAK}journées tirées au sort autrement."
        ),
        section("Objectifs", [f"- {_aimed(aim, of)}" for aim in answer.aims]),
        section("Informateurs en poste par demi-heure et par équipe", list(_table(answer))),
        section("Équipes", list(_teams(answer, of))),
        section("Heures et équivalents temps plein", list(_hours(answer, of))),
        section("Contrôle", list(_check(answer))),
        section("Réserves", list(_reserves(answer, of))),
    ]
    return "\n\n".join(parts) + "\n"


def _filled(text: str, indent: str = "") -> str:
    """Return a paragraph, with `indent` before every line but the first."""
    return textwrap.fill(
        text, _WIDTH - 10, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _aimed(aim: Aim, of: Staffing) -> str:
    """Return a target in words."""
    amount = f"{'au plus' if aim.kind.at_most else 'au moins'} {_percent(aim.percent)}"
    targets = of.plan.targets
    within = {
        "live": f"{NO_BREAK}: {targets.live_target_s}{NO_BREAK}s",
        "promise": f"{NO_BREAK}: {of.plan.callbacks.promise_s // 60}{NO_BREAK}min",
    }
    return f"{amount} ({aim.kind.name}){NO_BREAK}: {aim.kind.means}{within.get(aim.kind.name, '')}"


def _percent(value: float) -> str:
    return f"{value:g}{NO_BREAK}%".replace(".", ",")


# The half-hours.


def _table(answer: Answer) -> Iterator[str]:
    """Yield a row for each half-hour, with columns for days and teams; further days below."""
    teams = range(len(answer.teams))
    heads = [*(f"É{team + 1}" for team in teams), "tous"]
    widths = [max(len(head), 2) for head in heads]
    day_width = sum(widths) + len(widths)
    days = [day for day, _ in groupby(answer.week.open_s, lambda slot: slot[0])]
    at_once = max(1, (_WIDTH - 5) // (day_width + 2))
    for begin in range(0, len(days), at_once):
        block = days[begin : begin + at_once]
        if begin:
            yield ""
        yield (" " * 5 + "".join(f" |{_DAYS[day]:^{day_width}}" for day in block)).rstrip()
        names = "".join(f" {head:>{width}}" for head, width in zip(heads, widths, strict=True))
        yield " " * 5 + f" |{names}" * len(block)
        for half in sorted({half for day, half in answer.week.open_s if day in block}):
            row = clock(half)
            for day in block:
                row += " |" + _row(answer.needs, (day, half), len(answer.teams), widths)
            yield row.rstrip()


def _row(needs: Needs, slot: Slot, teams: int, widths: Sequence[int]) -> str:
    """Return the cells of one half-hour: each team, and all; blank while the service is closed."""
    many = [needs.get((slot, team), 0) for team in range(teams)]
    if not any(many):
        return " " * (sum(widths) + len(widths))
    return "".join(
        f" {one:>{width}}" for one, width in zip([*many, sum(many)], widths, strict=True)
    )


def clock(half: int) -> str:
    """Return when a half-hour of the day begins: "08:30" for 17."""
    return f"{half // 2:02}:{half % 2 * 30:02}"


# Teams and hours.


def _teams(answer: Answer, of: Staffing) -> Iterator[str]:
    sectors = of.plan.sectors
    for place, team in enumerate(answer.teams, 1):
        names = ", ".join(sectors[sector].name for sector in team.sectors)
        yield _filled(f"É{place}{NO_BREAK}: {names}.", "    ")
    yield _filled(
        "Une équipe réunit les domaines que connaissent les mêmes informateurs, hors dernier "
        "recours."
    )


def _hours(answer: Answer, of: Staffing) -> Iterator[str]:
    paid = Paid(of.workload)
    heads = ("h/semaine", "ETP", "au plus", "effectif", "dans le plan")
    yield f"{'':8}" + "".join(f"{head:>14}" for head in heads)
    people = sum(team.people for team in answer.teams)
    for name, needs, has in [
        *(
            (f"É{place + 1}", of_team(answer.needs, place), team.people)
            for place, team in enumerate(answer.teams)
        ),
        ("Total", answer.needs, people),
    ]:
        worked_h, at_once = hours(needs, answer.week), most(needs)
        cells = (
            _decimal(worked_h),
            _decimal(paid.full_time(worked_h)),
            number(at_once),
            _whole(paid.people(at_once)),
            number(has),
        )
        yield f"{name:8}" + "".join(f"{cell:>14}" for cell in cells)
    days = {}
    for (day, _), slots in groupby(answer.week.open_s, lambda slot: (slot[0], 0)):
        of_day = set(slots)
        needs = {cell: many for cell, many in answer.needs.items() if cell[0] in of_day}
        days[_DAYS[day]] = _decimal(hours(needs, answer.week))
    yield ""
    yield _filled(
        f"Heures en poste par jour{NO_BREAK}: "
        f"{f'{NO_BREAK}; '.join(f'{day} {worked}' for day, worked in days.items())}."
    )
    yield _filled(
        f"ETP{NO_BREAK}: équivalents temps plein de {FULL_TIME_H:g}{NO_BREAK}h, quand "
        f"{percent(paid.present)} de ceux qui sont attendus sont là et que les pauses payées "
        f"prennent {percent(1 - paid.at_work)} du temps. Au plus{NO_BREAK}: en poste dans la "
        f"demi-heure la plus chargée. Effectif{NO_BREAK}: à inscrire au planning de cette "
        "demi-heure pour qu’en moyenne ils soient autant en poste."
    )


def _decimal(value: float | None) -> str:
    if value is None:
        return "–"
    whole, tenth = divmod(round(value * 10), 10)
    return f"{number(whole)},{tenth}"


def _whole(value: int | None) -> str:
    return "–" if value is None else number(value)


# The check.


def _check(answer: Answer) -> Iterator[str]:
    for aim in answer.aims:
        yield f"{aim.kind.means[:1].upper()}{aim.kind.means[1:]} ({aim.kind.name})"
        for name, team in [
            ("service", None),
            *((f"É{team + 1}", team) for team in range(len(answer.teams))),
        ]:
            score = answer.check.team(aim, team)
            yield f"  {name:8} {_figure(aim, score):<38} {verdict(aim, score)}"
        short = answer.short(aim)
        if short:
            named = ", ".join(
                f"É{team + 1} {_DAYS[day]} {clock(half)}" for (day, half), team in short[:_NAMED]
            )
            more = f" et {len(short) - _NAMED}{NO_BREAK}autres" if len(short) > _NAMED else ""
            yield _filled(
                f"  Nettement au-dessous dans {len(short)} des {len(answer.needs)} demi-heures "
                f"d’équipe{NO_BREAK}: {named}{more}.",
                "  ",
            )
        else:
            yield "  Aucune demi-heure n’est nettement au-dessous."
    yield ""
    yield f"Taux d’occupation{NO_BREAK}: {percent(answer.check.occupancy)}."
    yield _filled(
        f"Entre crochets{NO_BREAK}: intervalle de confiance à 95{NO_BREAK}%, chaque journée "
        "comptant pour une observation."
    )
    if not answer.reached:
        yield ""
        yield from _honestly(answer)


def _honestly(answer: Answer) -> Iterator[str]:
    """Yield, for each target missed, what more informateurs would change."""
    for aim in dict.fromkeys(aim for aim, _ in answer.missed):
        missed = _percent(aim.percent)
        if answer.doubled is None:
            continue
        twice = answer.doubled.team(aim, None)
        if twice.share < aim.wanted:
            said = (
                f"L’objectif {aim.kind.name} de {missed} n’est pas atteint, et il ne le serait pas "
                f"même avec deux fois plus d’informateurs{NO_BREAK}: {_figure(aim, twice)}. Ce "
                "n’est pas l’effectif qui manque."
            )
        else:
            said = (
                f"L’objectif {aim.kind.name} de {missed} n’est pas atteint partout avec cet "
                f"effectif{NO_BREAK}; avec deux fois plus d’informateurs le service l’atteint"
                f"{NO_BREAK}: {_figure(aim, twice)}. Visez un peu plus haut pour un effectif "
                "entre les deux."
            )
        yield _filled(said)


def _figure(aim: Aim, score: Score) -> str:
    """Return a score as "87,5 % [86,1 % ; 88,9 %]"."""
    if not score.all:
        return "–"
    low, high = sorted(aim.figure(share) / 100 for share in (score.low, score.high))
    middle = percent(aim.figure(score.share) / 100)
    return f"{middle} [{percent(low)}{NO_BREAK}; {percent(high)}]"


def verdict(aim: Aim, score: Score) -> str:
    """Return in French whether a target was reached, and how certain that is."""
    if not score.all:
        return "sans objet"
    if score.share >= aim.wanted:
        return "atteint" if score.low >= aim.wanted else "atteint, sans certitude"
    return "manqué" if score.high < aim.wanted else "manqué de peu"


def _reserves(answer: Answer, of: Staffing) -> Iterator[str]:
    """Yield what the answer leaves out or takes for granted."""
    first_h, worked_h = hours(answer.first, answer.week), hours(answer.needs, answer.week)
    yield _filled(
        f"- Le calcul seul (Erlang) donnait {_decimal(first_h)}{NO_BREAK}h par semaine{NO_BREAK}; "
        f"l’effectif retenu en compte {_decimal(worked_h)}, après simulation de "
        f"{_counted(answer.rounds, 'réponse')}.",
        "  ",
    )
    yield _filled(
        "- Les objectifs sont visés à chaque demi-heure, avec un nombre entier d’informateurs"
        f"{NO_BREAK}: la semaine entière fait donc mieux.",
        "  ",
    )
    yield _filled(
        f"- Une demi-heure ne dit rien des vacations{NO_BREAK}: des horaires réels, par blocs de "
        "plusieurs heures, coûtent davantage.",
        "  ",
    )
    yield _filled(
        "- Les compétences sont celles du plan, dans les proportions de la demande (détail par "
        "domaine dans --json).",
        "  ",
    )
    if all(aim.kind.name != "accepted" for aim in answer.aims):
        yield _filled(
            f"- Sans objectif «{NO_BREAK}accepted{NO_BREAK}», le service tient ses promesses en "
            "refusant des rappels.",
            "  ",
        )


def _counted(many: int, word: str) -> str:
    return f"{many}{NO_BREAK}{word}{'s' if many > 1 else ''}"
