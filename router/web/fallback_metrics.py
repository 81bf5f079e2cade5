"""What the metrics say of the process that looks after callers while the router is away."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge

from router.web.snapshot import FallbackStanding


class FallbackMetrics:
    """Whether it is there, and whom it has looked after; nothing before that is known."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._is_there: Gauge | None = None
        self._served = Counter(
            "allo_fallback_callers",
            "Callers of the fallback while the router was away, by how they left it.",
            ["end"],
            registry=registry,
        )
        self._told: Mapping[str, int] = {}

    def refresh(self, standing: FallbackStanding) -> None:
        """Set them to what is known now."""
        if self._is_there is None:
            self._is_there = Gauge(
                "allo_fallback_up",
                "1 if the fallback can look after callers, should the router go; else 0.",
                registry=self._registry,
            )
        self._is_there.set(standing.is_there)
        for end, count in standing.served.items():
            before = self._told.get(end, 0)
            # It may have been started anew.
            self._served.labels(end).inc(count - before if count >= before else count)
        self._told = standing.served
