"""What Prometheus reads of the service's calls to itself."""

from prometheus_client import CollectorRegistry

from router.probe.standing import ProbeStanding
from router.probe.steps import Step
from router.web.probe_metrics import ProbeMetrics


def test_the_last_probe_is_told_and_a_step_it_missed_is_not() -> None:
    registry = CollectorRegistry()
    metrics = ProbeMetrics(registry)
    value = registry.get_sample_value

    assert value("allo_probe_success") == 0
    metrics.refresh(ProbeStanding(True, "", {Step.ANSWER: 0.1, Step.SOUND: 0.3}, 1000.0))
    assert value("allo_probe_success") == 1
    assert value("allo_probe_seconds", {"step": "sound"}) == 0.3
    assert value("allo_probe_last_success_timestamp_seconds") == 1000.0

    metrics.refresh(ProbeStanding(False, "silence", {Step.ANSWER: 0.2}, 1000.0))
    assert value("allo_probe_success") == 0
    assert value("allo_probe_seconds", {"step": "answer"}) == 0.2
    assert value("allo_probe_seconds", {"step": "sound"}) is None
