"""The demo's addresses: the settings' defaults, moved together, and as the page names them."""

from pathlib import Path

from router.config import Settings
from router.demo.script import Addresses

OPERATION = Path(__file__).parents[2] / "docs" / "operation.md"


def test_the_addresses_are_those_of_the_settings() -> None:
    at, settings = Addresses(), Settings()
    assert (at.sip, at.agents_sip) == (settings.asterisk.trunk_bind, settings.asterisk.agents_bind)
    assert at.rtp_ports == (settings.asterisk.rtp_first, settings.asterisk.rtp_last)
    assert (at.ari_port, at.http_port) == (settings.asterisk.ari_port, settings.http.port)


def test_every_port_moves() -> None:
    at = Addresses(300)
    assert (at.sip, at.agents_sip) == ("127.0.0.1:5360", "127.0.0.1:5362")
    assert at.rtp_ports == (10300, 12299)
    assert (at.ari_port, at.http, at.pstn_port) == (8388, "http://127.0.0.1:8339", 5364)


def test_the_page_names_the_same() -> None:
    at = Addresses()
    told = " ".join(OPERATION.read_text(encoding="utf-8").split())
    assert (
        f"trunk {at.sip} (dial 3939), informateurs' side {at.agents_sip}, "
        f"HTTP 127.0.0.1:{at.http_port}, ARI 127.0.0.1:{at.ari_port}; `--port-offset N`"
    ) in told
