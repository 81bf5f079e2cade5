"""What scanners send that are at every public address every day."""

import re

from tests.hostile.messages import Hostile, crlf

CRLF = "\r\n"
#: By User-Agent: SIPVicious and its children, and other tools seen on open ports.
AGENTS = (
    *("friendly-scanner", "sipvicious", "sundayddr", "sipsak 0.9.7", "sip-scan", "smap 0.6.0"),
    *("sipcli/v1.8", "VaxSIPUserAgent/3.1", "VaxIPUserAgent", "PortSIP VoIP SDK", "pplsip"),
    *("eyeBeam release 1105a", "Gulp", "iWar", "SIVuS", "Test Agent", "Linksys/SPA942", "Cisco"),
)
#: Who is asked for: extensions, and numbers abroad by every prefix that a switchboard may have.
NAMES = (
    *("100", "101", "1000", "admin", "trunk", "agent-101", "agent-102", "probe", "replaces", "s"),
    *(
        "00972{number}",
        "9011{number}",
        "+{number}",
        "011{number}",
        "000{number}",
        "*98",
        "{number}",
    ),
)


def scanners() -> list[Hostile]:
    """Return a look round, a list of names tried out, passwords, and calls abroad."""
    found = [
        Hostile(f"OPTIONS of {agent}", _request("OPTIONS", "100", "100", agent)) for agent in AGENTS
    ]
    for name in NAMES:
        found.append(Hostile(f"REGISTER as {name}", _request("REGISTER", "", name, AGENTS[0])))
        found.append(Hostile(f"INVITE to {name}", _request("INVITE", name, "100", AGENTS[6])))
        found.append(Hostile(f"INVITE as {name}", _request("INVITE", "3939", name, AGENTS[1])))
    for method in ("MESSAGE", "SUBSCRIBE", "NOTIFY", "REFER", "PUBLISH", "INFO", "BYE", "UPDATE"):
        found.append(Hostile(f"{method} of a scanner", _request(method, "3939", "100", AGENTS[0])))
    return found


def guesses(call_id: str) -> list[Hostile]:
    """Return what would end or change the call of that Call-ID, if the tags were guessed."""
    found = []
    for method in ("BYE", "CANCEL", "ACK", "INFO", "UPDATE", "INVITE", "REFER", "PRACK", "NOTIFY"):
        for tag in ("", ";tag=1", ";tag={number}"):
            text = _request(method, "3939", "{number}", AGENTS[0]).decode()
            text = text.replace("Call-ID: {id}", f"Call-ID: {call_id}")
            text = text.replace(f"<sip:3939@{{door}}>{CRLF}", f"<sip:3939@{{door}}>{tag}{CRLF}")
            found.append(Hostile(f"{method} into a call, To{tag}", text.encode()))
    return found


def leaving() -> list[Hostile]:
    """Return what unregisters a phone, wherever it has said it is."""
    text = _request("REGISTER", "{number}", "{number}", AGENTS[0]).decode()
    text = re.sub("^(Contact|Expires|Authorization): .*\r\n", "", text, flags=re.MULTILINE)
    return [
        Hostile(
            "leaving", text.replace("Accept:", f"Contact: *{CRLF}Expires: 0{CRLF}Accept:").encode()
        )
    ]


def _request(method: str, to: str, name: str, agent: str) -> bytes:
    whom = f"{to}@" if to else ""
    more = {
        "REGISTER": "Expires: 3600\n"
        f'Authorization: Digest username="{name}", realm="asterisk", nonce="1", uri="sip:{{door}}",'
        ' response="0123456789abcdef0123456789abcdef"\n',
        "SUBSCRIBE": "Event: dialog\nExpires: 600\n",
        "NOTIFY": "Event: message-summary\nSubscription-State: active\n",
        "REFER": "Refer-To: <sip:{number}@{door}>\n",
        "PUBLISH": "Event: presence\n",
    }.get(method, "")
    return crlf(
        f"{method} sip:{whom}{{door}} SIP/2.0\n"
        "Via: SIP/2.0/UDP {source};rport;branch=z9hG4bK{id}\n"
        "Max-Forwards: 70\n"
        f'From: "{name}" <sip:{name}@{{door}}>;tag=6{{id}}{{number}}\n'
        f"To: <sip:{to or name}@{{door}}>\n"
        "Call-ID: {id}\n"
        f"CSeq: 1 {method}\n"
        f"Contact: <sip:{name}@{{source}};transport=udp>\n"
        f"User-Agent: {agent}\n"
        f"{more}Accept: application/sdp\n"
        "Content-Length: 0\n\n"
    )
