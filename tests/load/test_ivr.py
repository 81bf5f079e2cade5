"""The benchmark runs and counts rightly; how fast things are is not a test's business."""

import json
import math

import pytest

from tests.load import ivr
from tests.load.ivr import DIALPLAN, ROUTER, Measured, Phase, Scale
from tests.load.ivr_report import breaking_point, figures, report
from tests.load.meters import percentile
from tests.load.report import as_json, as_markdown, as_text

TINY = Scale(
    rate=6,
    repeats=1,
    seconds=2.0,
    burst=8,
    burst_repeats=1,
    burst_seconds=1.0,
    beyond=(10,),
    beyond_seconds=1.0,
)


def phase(ivr: str, rate: int, **changes: object) -> Phase:
    fields: dict[str, object] = {
        "ivr": ivr,
        "rate": rate,
        "reached": rate,
        "calls": 100,
        "broken": 0,
        "deaf": 0,
        "lost": 0,
        "resent": 0,
        "asterisk_ms": 10.0,
        "router_ms": 2.0,
        "sipp_ms": 1.0,
        "others": 0.0,
        "delays_s": [0.001, 0.002, 0.003],
    }
    return Phase(**{**fields, **changes})  # type: ignore[arg-type]


def measured(*phases: Phase) -> Measured:
    return Measured(list(phases), 2, 0.1, 0.2, 1.0, 0, "22.10.1")


def test_percentile_is_by_nearest_rank() -> None:
    values = [float(number) for number in range(100, 0, -1)]
    assert percentile(values, 0.5) == 50
    assert percentile(values, 0.99) == 99
    assert percentile(values, 1.0) == 100
    assert percentile([7.0], 0.99) == 7
    assert math.isnan(percentile([], 0.5))


def test_figures_compare_runs_in_pairs() -> None:
    told = figures(
        measured(
            phase(ROUTER, 6, asterisk_ms=11.0),
            phase(DIALPLAN, 6, asterisk_ms=10.0),
            phase(ROUTER, 6, asterisk_ms=25.0, router_ms=4.0),
            phase(DIALPLAN, 6, asterisk_ms=20.0),
            phase(ROUTER, 8, deaf=2),
            phase(DIALPLAN, 8),
        ),
        TINY,
    )
    ratio, router, failed = told[1], told[2], told[3]
    assert ratio.least == pytest.approx(1.1)
    assert ratio.most == pytest.approx(1.25)
    assert ratio.holds
    assert (router.ours, router.most, router.holds) == (3.0, 4.0, False)
    assert (failed.ours, failed.holds) == (2, False)


def test_the_breaking_point_is_the_last_rate_tried() -> None:
    told = breaking_point(measured(phase(ROUTER, 10, broken=3)), TINY, ROUTER)
    assert "10 calls/s wished" in told
    assert "3 of 100 calls failed" in told
    assert breaking_point(measured(), TINY, ROUTER) == "not tried"


@pytest.fixture(scope="module")
def run() -> Measured:
    return ivr.run(TINY, 5500, lambda _: None)


@pytest.mark.load
def test_every_call_is_counted_and_every_prompt_heard(run: Measured) -> None:
    assert [(one.ivr, one.rate) for one in run.phases] == [
        (ROUTER, 6),
        (DIALPLAN, 6),
        (ROUTER, 8),
        (DIALPLAN, 8),
        (ROUTER, 10),
        (DIALPLAN, 10),
    ]
    for one in run.phases:
        assert one.failed == 0
        assert one.asterisk_ms > 0
        assert one.sipp_ms > 0
        assert len(one.delays_s) > 0
        assert min(one.delays_s) > 0  # no prompt before its key
    assert all(one.router_ms > 0 for one in run.phases if one.ivr == ROUTER)
    assert len(run.phases[0].delays_s) == 2 * 5 * 2  # two keys, five ears a second, two seconds


@pytest.mark.load
def test_every_form_tells_it(run: Measured) -> None:
    told = json.loads(as_json(report(run, TINY)))
    assert len(told["phases"]) == len(run.phases)
    assert {one["what"] for one in told["figures"]} == {one.what for one in figures(run, TINY)}
    assert as_markdown(report(run, TINY)).startswith("|  | ours |")
    assert "Router's processor time per call" in as_text(report(run, TINY))
