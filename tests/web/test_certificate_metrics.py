"""What Prometheus reads of certificates."""

from pathlib import Path

from prometheus_client import CollectorRegistry

from router.web.certificate_metrics import CertificateMetrics

LOCALHOST = Path(__file__).parents[1] / "deploy" / "localhost.pem"
NAME = "allo_certificate_expiry_timestamp_seconds"


def test_the_end_of_each_is_told_and_a_renewal_is_seen(tmp_path: Path) -> None:
    file, gone = tmp_path / "proxy.pem", tmp_path / "gone.pem"
    file.write_text("no certificate yet")
    registry = CollectorRegistry()
    metrics = CertificateMetrics([file, gone], registry)

    metrics.refresh()
    assert registry.get_sample_value(NAME, {"file": str(file)}) is None

    file.write_text(LOCALHOST.read_text())
    metrics.refresh()
    assert registry.get_sample_value(NAME, {"file": str(file)}) == 4_949_550_557.0
    assert registry.get_sample_value(NAME, {"file": str(gone)}) is None
