"""The bar charts of a run, for its page and for `--plot`, each named and described in French."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from router.report import charts
from router.report.charts import Series
from router.report.tables import Line, Table
from router.report.words import NO_BREAK, number, short_month
from router.simulation.figures import Figures

#: A chart is always followed by the table of its values.
IN_TABLE = "Le tableau qui suit donne les valeurs."


@dataclass(frozen=True, slots=True)
class Chart:
    """Vertical bars: a group of them for each label, from the first of `series` on."""

    id: str
    title: str
    #: What is to be seen, for those who cannot see it.
    about: str
    labels: Sequence[str]
    series: tuple[Series, ...]
    #: About how many labels fit below.
    most_labels: int = charts.LABELS

    @property
    def svg(self) -> str:
        """The chart as inline SVG, for a page with the styles of `report.charts`."""
        return charts.columns(
            self.id,
            self.title,
            self.about,
            self.labels,
            self.series,
            nested=True,
            most_labels=self.most_labels,
        )


def live_waits(figures: Figures) -> Chart:
    """Return what 95 % and what half of the callers wait at most, by half-hour, in seconds."""
    table = figures.tables["half-hours"]
    series = (
        Series("95 % attendent moins", _values(table, "live-wait-p95/1"), "c3"),
        Series("la moitié attend moins", _values(table, "live-wait-median/1"), "c1"),
    )
    names = [line.name for line in table.lines]
    about = (
        f"Barres verticales, une par demi-heure{NO_BREAK}: l’attente que 95 % des appelants ne "
        "dépassent pas, et devant elle celle que la moitié ne dépasse pas. "
        f"{_longest(names, series[0].values, 'secondes')}{IN_TABLE}"
    )
    return Chart("chart-waits", "Attente des appelants, en secondes", about, names, series)


def callback_waits(figures: Figures) -> Chart:
    """Return how soon 95 % and half of the callbacks are made, by half-hour, in minutes."""
    table = figures.tables["half-hours"]
    most, half = (
        [None if value is None else value / 60 for value in _values(table, id_)]
        for id_ in ("callback-wait-p95/1", "callback-wait-median/1")
    )
    series = (
        Series("95 % des rappels se font plus tôt", most, "c3"),
        Series("la moitié se fait plus tôt", half, "c1"),
    )
    names = [line.name for line in table.lines]
    about = (
        f"Barres verticales, une par demi-heure{NO_BREAK}: le délai que 95 % des rappels ne "
        "dépassent pas, et devant lui celui que la moitié ne dépasse pas. "
        f"{_longest(names, series[0].values, 'minutes')}{IN_TABLE}"
    )
    return Chart("chart-callbacks", "Délai de rappel, en minutes", about, names, series)


def broken_promises(figures: Figures) -> Chart:
    """Return how many promises were not kept, month by month."""
    months = figures.tables["months"]
    return Chart(
        "chart-broken",
        "Promesses non tenues, par mois",
        f"Barres verticales, une par mois. {IN_TABLE}",
        [short_month(int(line.key[5:])) for line in months.lines],
        (Series("promesses non tenues", _values(months, "promise-broken/1"), "c2"),),
    )


def staff(figures: Figures) -> Iterator[tuple[str, Chart]]:
    """Yield each weekday with its informateurs on duty and busy, by half-hour."""
    on_duty, busy = figures.tables["week-on-duty"], figures.tables["week-busy"]
    for there, at_work in zip(on_duty.lines, busy.lines, strict=True):
        yield there.name, _day_of_staff(on_duty.heads, there, at_work)


def _day_of_staff(heads: Sequence[str], on_duty: Line, busy: Line) -> Chart:
    """Return the chart of one weekday; of half-hours in which the service is open."""
    open_ = [place for place, one in enumerate(on_duty.figures) if one.value is not None]
    return Chart(
        f"chart-staff-{on_duty.key}",
        f"Informateurs en poste et occupés, le {on_duty.name}",
        f"Barres verticales, une par demi-heure{NO_BREAK}: informateurs en poste, et devant, ceux "
        "qui sont occupés. Les tableaux qui suivent donnent les valeurs.",
        [heads[place] for place in open_],
        (
            Series("en poste", [on_duty.figures[place].value for place in open_], "c3"),
            Series("occupés", [busy.figures[place].value for place in open_], "c1"),
        ),
        most_labels=5,
    )


def _longest(names: Sequence[str], values: Sequence[float | None], unit: str) -> str:
    """Return a sentence about the highest bar; "" if there is none."""
    known = [(value, name) for value, name in zip(values, names, strict=True) if value]
    if not known:
        return ""
    value, name = max(known, key=lambda one: one[0])
    return f"Le plus long{NO_BREAK}: {number(round(value))} {unit} ({name}). "


def _values(table: Table, id_: str) -> list[float | None]:
    """Return a column of the table: the values of the figure `id_`."""
    return [one.value for line in table.lines for one in line.figures if one.id == id_]
