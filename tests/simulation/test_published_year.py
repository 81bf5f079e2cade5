"""The whole year 2025, compared with what the service has published about it."""

import pytest

from router.cli import provision
from router.config import load
from router.report.director import KEY_FIGURES
from router.report.figures import Figure
from router.simulation.figures import figures_of
from router.simulation.page import board_of
from router.simulation.run import Simulation, speech_s
from router.simulation.workload import SHIPPED, load_workload


@pytest.mark.load  # a minute
def test_the_simulated_year_has_the_published_volumes_and_satisfaction() -> None:
    loaded = load(None)
    plan, sentences = loaded.plan, provision.sentences(loaded).texts
    people = load_workload(SHIPPED / "2025.toml", plan)
    run = Simulation(plan, people, 2025, 1, speech_s(sentences))
    run.run()
    figures = figures_of(run, sentences)
    (published,) = loaded.publication.published
    assert figures.reconciles

    def value(figure: Figure) -> float:
        assert figure.value is not None
        return figure.value

    assert value(figures["answered/1"]) == pytest.approx(published.answered, rel=0.01)
    callbacks = value(figures["answered-callback/1"])
    assert callbacks == pytest.approx(published.answered_callback, rel=0.01)
    assert figures["mobilised/1"].value == published.mobilised
    assert value(figures.votes[0].share) == pytest.approx(published.satisfaction, abs=0.01)

    (_, rows), *_ = board_of(figures, plan, loaded.publication).groups
    assert [row.id for row in rows] == list(KEY_FIGURES)
    assert all(row.remark.startswith("Non comparable") for row in rows)
