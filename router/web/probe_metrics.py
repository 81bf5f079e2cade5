"""What the metrics say of the service's calls to itself."""

from prometheus_client import CollectorRegistry, Gauge

from router.probe.standing import ProbeStanding
from router.probe.steps import Step


class ProbeMetrics:
    """Gauges of the last probe, and of the last that succeeded."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._success = Gauge(
            "allo_probe_success",
            "1 if the service's last call to itself heard what a caller should; else 0.",
            registry=registry,
        )
        self._seconds = Gauge(
            "allo_probe_seconds",
            "From dialling to the answer and the first sound of the last such call, and from a key "
            "to its end.",
            ["step"],
            registry=registry,
        )
        self._last_success = Gauge(
            "allo_probe_last_success_timestamp_seconds",
            "When such a call last succeeded, since the Unix epoch; 0: never since the start.",
            registry=registry,
        )

    def refresh(self, standing: ProbeStanding) -> None:
        """Set them to what is known now; a step that was not reached has no seconds."""
        self._success.set(standing.success)
        self._last_success.set(standing.last_success_at)
        for step in Step:
            seconds = standing.seconds.get(step)
            if seconds is not None:
                self._seconds.labels(step.value).set(seconds)
            else:
                self._seconds.remove_by_labels({"step": step.value})
