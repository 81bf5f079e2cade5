"""What the metrics say of certificates: when each ends."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge

from router.certificates import ends_at


class CertificateMetrics:
    """A gauge for each of `files`; none for a file that cannot be read."""

    def __init__(self, files: Iterable[Path], registry: CollectorRegistry) -> None:
        self._files = tuple(files)
        self._ends = Gauge(
            "allo_certificate_expiry_timestamp_seconds",
            "When the certificate in a file ends, since the Unix epoch.",
            ["file"],
            registry=registry,
        )

    def refresh(self) -> None:
        """Read the files again: a renewal changes them."""
        for file in self._files:
            self._ends.remove_by_labels({"file": str(file)})
            with suppress(OSError, ValueError):
                at = ends_at(file.read_text(encoding="utf-8"))
                self._ends.labels(str(file)).set(at)
