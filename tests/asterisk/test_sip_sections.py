"""The sections of each carrier, transport and phone."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from router.asterisk import configuration
from router.asterisk.carriers import Carrier, Registration, Tls
from router.asterisk.settings import AsteriskSettings
from router.asterisk.toolbox import Toolbox
from tests.asterisk.live import make_settings

TOOLBOX = Toolbox(None, "22.10.1", Path("/modules"), Path("/data"))


def test_former_keys_make_the_same_trunk(tmp_path: Path) -> None:
    settings = make_settings(
        tmp_path,
        trunk_peer="sbc.example.net:5060",
        registration=Registration("sip.example.net", "compte-1"),
        registration_password="mot-de-passe",
        presented="+33199003939",
    )
    texts = configuration.texts(settings, TOOLBOX, settings.config_dir)
    (trunk,) = conf_of(texts, "trunk")
    assert trunk["from_user"] == "compte-1"
    assert trunk["from_domain"] == "sip.example.net"
    (registration,) = conf_of(texts, "trunk-registration")
    assert registration["client_uri"] == "sip:compte-1@sip.example.net"
    (account,) = conf_of(texts, "trunk-account")
    assert account["password"] == "mot-de-passe"
    (peer,) = conf_of(texts, "trunk-peer")
    # From names the account, so the number that is shown is in P-Asserted-Identity.
    asserted = "P-Asserted-Identity=%3Csip%3A%2B33199003939%40sip.example.net%3E"
    assert peer["contact"] == f"sip:sbc.example.net:5060?{asserted}"


def test_each_carrier_of_the_list_has_its_sections(tmp_path: Path) -> None:
    ours = Carrier(
        name="ours",
        transport="tls",
        hosts=("192.0.2.0/24", "sbc.example.net"),
        peer="sip.example.net",
        codecs=("alaw",),
        number_format="national",
        from_domain="ours.example.org",
        asserted="presented",
        privacy="id",
        user_phone=True,
        session_timers="required",
        session_expires_s=600,
        qualify_s=0,
        registration=Registration("sip.example.net:5061", "u", realm="r", expires_s=300),
    )
    other = Carrier(name="other", hosts=("198.51.100.7",), transport="tcp")
    settings = make_settings(
        tmp_path,
        carriers=(ours, other),
        carrier_passwords={"ours": "p"},
        tls=Tls(certificate=Path("/c.pem"), key=Path("/k.pem")),
        presented="3939",
        agents_encryption="required",
    )
    texts = configuration.texts(settings, TOOLBOX, settings.config_dir)
    assert conf_of(texts, "trunk-ours") == [
        {
            "transport": "trunk-tls",
            "identify_by": "ip",
            "aors": "trunk-ours-peer",
            "disallow": "all",
            "allow": "alaw",
            "media_encryption": "sdes",
            "from_domain": "ours.example.org",
            "user_eq_phone": "yes",
            "outbound_auth": "trunk-ours-account",
            "timers": "required",
            "timers_sess_expires": "600",
        }
    ]
    (addresses,) = conf_of(texts, "trunk-ours-addresses")
    assert addresses["match"] == "192.0.2.0/24,sbc.example.net"
    assert addresses["srv_lookups"] == "yes"
    (peer,) = conf_of(texts, "trunk-ours-peer")
    assert peer["qualify_frequency"] == "0"
    headers = "P-Asserted-Identity=%3Csip%3A3939%40ours.example.org%3Buser%3Dphone%3E&Privacy=id"
    assert peer["contact"] == rf"sip:sip.example.net\;transport=tls?{headers}"
    (account,) = conf_of(texts, "trunk-ours-account")
    assert account["realm"] == "r"
    (registration,) = conf_of(texts, "trunk-ours-registration")
    assert registration["server_uri"] == r"sip:sip.example.net:5061\;transport=tls"
    assert registration["expiration"] == "300"

    (trunk,) = conf_of(texts, "trunk-other")
    assert not {"aors", "media_encryption"} & trunk.keys()
    text = texts["pjsip.conf"]
    transports = re.findall(r"^\[(\S+-(?:udp|tcp|tls))\]", text, re.MULTILINE)
    assert transports == ["trunk-tcp", "trunk-tls", "agents-tls"]
    assert "transport = agents-tls\nmedia_encryption = sdes\n" in text


def conf_of(
    texts: Mapping[str, str], section: str, file: str = "pjsip_carriers.conf"
) -> list[dict[str, str]]:
    """Return what is in each section of this name, itself."""
    text = texts[file]
    found = re.findall(rf"^\[{section}\](?:\(\S+\))?\n((?:[^\s\[].*\n)*)", text, re.MULTILINE)
    return [dict(line.split(" = ", 1) for line in lines.splitlines()) for lines in found]


TLS = Tls(certificate=Path("/c.pem"), key=Path("/k.pem"))


@pytest.mark.parametrize(
    ("encryption", "transports", "agent"),
    [
        ("none", {"trunk-udp", "agents-udp"}, "transport = agents-udp"),
        (
            "offered",
            {"trunk-udp", "agents-udp", "agents-tls"},
            "media_encryption = sdes\nmedia_encryption_optimistic = yes",
        ),
        (
            "required",
            {"trunk-udp", "agents-tls"},
            "transport = agents-tls\nmedia_encryption = sdes",
        ),
    ],
)
def test_phones_have_the_doors_that_the_settings_open(
    tmp_path: Path, encryption: str, transports: set[str], agent: str
) -> None:
    settings: AsteriskSettings = make_settings(tmp_path, agents_encryption=encryption, tls=TLS)
    text = configuration.texts(settings, TOOLBOX, settings.config_dir)["pjsip.conf"]
    assert settings.sip_transports.keys() == transports
    assert f"[agent](!)\ntype = endpoint\n{agent}\ncontext" in text
    # Only where there is a choice is it remembered by which way a phone came.
    assert text.count("symmetric_transport") == (2 if encryption == "offered" else 0)


def test_each_phone_has_a_twin_in_the_browser(tmp_path: Path) -> None:
    """With a password of its own: whoever has one of the two has not the other."""
    settings = make_settings(tmp_path, browser_codecs=("opus",), browser_rtp_timeout_s=7)
    texts = configuration.texts(settings, TOOLBOX, settings.config_dir)
    browsers = texts["pjsip_browsers.conf"]
    for phone in settings.agents:
        name = f"agent-{phone.agent}.web"
        endpoint, aor, auth = conf_of(texts, re.escape(name), "pjsip_browsers.conf")
        assert endpoint == {"aors": name, "auth": name}
        assert aor == {}
        assert auth["username"] == name
        assert auth["password"] != phone.secret
        assert f"[{name}](browser)\n" in browsers
        assert f"[{name}](browser-aor)\n" in browsers
    assert "allow = opus\n" in browsers
    assert browsers.count("= 7\n") == 2  # while talking, and on hold
    assert "icesupport = yes\n" in texts["rtp.conf"]


def test_without_browsers_there_is_no_way_in_for_any(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, browsers=False)
    texts = configuration.texts(settings, TOOLBOX, settings.config_dir)
    assert "[agent-" not in texts["pjsip_browsers.conf"]
    assert "noload = res_pjsip_transport_websocket.so" in texts["modules.conf"]
    assert "icesupport = no\n" in texts["rtp.conf"]


@pytest.mark.parametrize("encryption", ["none", "offered", "required"])
def test_sound_with_browsers_is_encrypted_whatever_phones_speak(
    tmp_path: Path, encryption: str
) -> None:
    """What the template of all phones says comes first, and is overruled."""
    settings = make_settings(tmp_path, agents_encryption=encryption, tls=TLS)
    text = configuration.texts(settings, TOOLBOX, settings.config_dir)["pjsip_browsers.conf"]
    browser = text.partition("[browser](!,agent)\n")[2].partition("\n[")[0]
    assert "\nwebrtc = yes\n" in browser
    assert "\nmedia_encryption_optimistic = no\n" in browser
    assert browser.startswith("transport = browsers\n")
