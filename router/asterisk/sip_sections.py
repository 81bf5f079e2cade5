"""The sections of pjsip.conf that there is one of for each transport, carrier and phone.

What is common to all of a kind is in the templates of asterisk-conf/pjsip.conf.
"""

from collections.abc import Iterator
from urllib.parse import quote

from router.asterisk.carriers import PRESENTED, Carrier, Tls, host_of
from router.asterisk.settings import AgentPhone, AsteriskOptions, AsteriskSettings

#: Both kinds of header parameters of a SIP address end where these begin (RFC 3261, section 19.1).
_SAFE = "-_.!~*'()"


def transports(settings: AsteriskOptions) -> str:
    """Return the sections of everything that SIP comes in by."""
    return "\n".join(
        _section(
            name,
            {
                "type": "transport",
                "protocol": kind,
                "bind": address,
                **(_tls(settings.tls) if kind == "tls" and settings.tls else {}),
                # Answers and calls go back by the way that the phone registered.
                **({"symmetric_transport": "yes"} if _is_choice(settings, name) else {}),
            },
        )
        for name, (kind, address) in settings.sip_transports.items()
    )


def carriers(settings: AsteriskSettings) -> str:
    """Return the sections of every carrier; they may hold passwords."""
    return "\n".join(
        section for carrier in settings.trunks for section in _carrier(settings, carrier)
    )


def phones(settings: AsteriskSettings) -> str:
    """Return the sections of every phone on a desk; they hold passwords."""
    return "\n".join(_phone(phone, "agent", "agent-aor") for phone in settings.agents)


def browsers(settings: AsteriskSettings) -> str:
    """Return the sections of every phone in a browser, if there are any; they hold passwords."""
    if not settings.browsers:
        return ""
    return "\n".join(
        _phone(phone.in_browser, "browser", "browser-aor") for phone in settings.agents
    )


def modules_wanted(settings: AsteriskOptions) -> dict[str, str]:
    """Return what modules.conf says of the modules that not everybody needs, by placeholder."""
    is_wanted = {
        "for_browsers": settings.browsers,
        "for_opus": settings.browsers and "opus" in settings.browser_codecs,
    }
    return {name: "require" if wanted else "noload" for name, wanted in is_wanted.items()}


def agent_transport(settings: AsteriskOptions) -> str:
    """Return the lines of [agent] that say by which transport, and whether sound is encrypted."""
    match settings.agents_encryption:
        case "required":
            return "transport = agents-tls\nmedia_encryption = sdes"
        case "offered":
            return "media_encryption = sdes\nmedia_encryption_optimistic = yes"
        case _:
            return "transport = agents-udp"


def _is_choice(settings: AsteriskOptions, transport: str) -> bool:
    return settings.agents_encryption == "offered" and transport.startswith("agents-")


def _tls(tls: Tls) -> dict[str, str]:
    """Return what TLS needs.

    A renewed certificate is taken by `module reload res_pjsip.so`, without `allow_reload`, which
    would open the transport anew (measured).
    """
    return {
        "method": "tlsv1_2",
        "cert_file": str(tls.certificate),
        "priv_key_file": str(tls.key),
        "ca_list_file": str(tls.ca_file),
        "verify_server": _yes(tls.verify),
        "verify_client": _yes(tls.verify_clients),
        "require_client_cert": _yes(tls.verify_clients),
    }


def _carrier(settings: AsteriskSettings, carrier: Carrier) -> Iterator[str]:
    name, account = carrier.endpoint, carrier.registration
    endpoint = {"transport": f"trunk-{carrier.transport}", "identify_by": "ip"}
    if carrier.peer:
        endpoint["aors"] = f"{name}-peer"
    if carrier.codecs:
        endpoint |= {"disallow": "all", "allow": ",".join(carrier.codecs)}
    if carrier.is_srtp:
        endpoint["media_encryption"] = "sdes"
    if carrier.from_user:
        endpoint["from_user"] = carrier.from_user
    if carrier.from_domain:
        endpoint["from_domain"] = carrier.from_domain
    if carrier.user_phone:
        endpoint["user_eq_phone"] = "yes"
    if account:
        endpoint["outbound_auth"] = f"{name}-account"
    endpoint["timers"] = carrier.session_timers
    endpoint["timers_sess_expires"] = str(carrier.session_expires_s)
    yield _section(f"{name}](from-outside", endpoint)
    yield _section(
        f"{name}-addresses",
        {
            "type": "identify",
            "endpoint": name,
            "match": ",".join(carrier.hosts),
            "srv_lookups": _yes(any(map(is_name, carrier.hosts))),
        },
    )
    if carrier.peer:
        peer = {"contact": _contact(settings, carrier)}
        peer["qualify_frequency"] = str(settings.qualify_s(carrier))
        yield _section(f"{name}-peer](carrier-peer", peer)
    if account:
        password = settings.password_at(carrier)
        credentials = {"type": "auth", "auth_type": "digest", "username": account.user}
        credentials |= {"password": password} | ({"realm": account.realm} if account.realm else {})
        yield _section(f"{name}-account", credentials)
        yield _section(
            f"{name}-registration](carrier-registration",
            {
                "transport": f"trunk-{carrier.transport}",
                "outbound_auth": f"{name}-account",
                "server_uri": f"sip:{account.server}{_over(carrier)}",
                "client_uri": f"sip:{account.user}@{account.at}{_over(carrier)}",
                "contact_user": account.user,
                "expiration": str(account.expires_s),
            },
        )


def is_name(host: str) -> bool:
    """Return whether a carrier's host is a name: no top-level domain is of digits alone."""
    return not host.partition("/")[0].rpartition(".")[2].isdecimal()


def _contact(settings: AsteriskSettings, carrier: Carrier) -> str:
    """Return where calls go out, with the headers that each of them gets (RFC 3261, 19.1.1).

    So those headers need neither the dialplan nor the modules that could read them in callers'
    calls (modules.conf).
    """
    assert carrier.peer is not None
    headers = {}
    if asserted := settings.presented if carrier.asserted == PRESENTED else carrier.asserted:
        domain = carrier.from_domain or host_of(carrier.peer)
        is_phone = ";user=phone" if carrier.user_phone else ""
        headers["P-Asserted-Identity"] = f"<sip:{asserted}@{domain}{is_phone}>"
    if carrier.privacy:
        headers["Privacy"] = carrier.privacy
    asked = "&".join(f"{name}={quote(value, safe=_SAFE)}" for name, value in headers.items())
    return f"sip:{carrier.peer}{_over(carrier)}" + (f"?{asked}" if asked else "")


def _over(carrier: Carrier) -> str:
    """Return the parameter that names the transport; a semicolon alone would begin a comment."""
    return "" if carrier.transport == "udp" else rf"\;transport={carrier.transport}"


def _phone(phone: AgentPhone, template: str, aor_template: str) -> str:
    name = phone.endpoint
    return (
        _section(f"{name}]({template}", {"aors": name, "auth": name})
        + _section(f"{name}]({aor_template}", {})
        + _section(f"{name}](agent-auth", {"username": name, "password": phone.secret})
    )


def _section(name: str, values: dict[str, str]) -> str:
    """Return a section; `name` may be `name](template`."""
    head = f"[{name})" if "](" in name else f"[{name}]"
    return "\n".join([head, *(f"{key} = {value}" for key, value in values.items()), ""])


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "no"
