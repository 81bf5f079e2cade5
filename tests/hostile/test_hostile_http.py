"""Every address of the description, asked all that may be asked and much that may not."""

import http.client
import json
import re
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack, suppress

import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st

from router.demo.configuration import SERVICE
from router.demo.script import FICHE
from router.demo.stage import Stage
from router.intake.proxy import SOCKET_NAME
from tests.canary.forms import needles
from tests.canary.scan import Scanner
from tests.hostile.http_requests import MARK, NUMBER, Asked, Operation, operations, requests
from tests.patience import PATIENCE_S
from tests.real.conftest import OPEN_AT, OpenStage

pytestmark = pytest.mark.real

_OFFSET = 5600
#: Of each address; `--hypothesis-profile=long` asks for more.
_EXAMPLES = 8
#: What a server says of a request that is none, before it looks at the address.
_NO_REQUEST = {400, 404, 405, 413, 417, 431}


#: Connections whose request never ends.
_HANGING = 300
_GET = b"GET /v1/service HTTP/1.1\r\nHost: a\r\n"
_POST = b"POST /v1/callbacks HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
_CANARY = NUMBER.encode()
NONSENSE = {
    "not HTTP": b"INVITE sip:" + _CANARY + b"@a SIP/2.0\r\n\r\n",
    "TLS": bytes.fromhex("1603010200010001fc0303") + bytes(500),
    "nothing": b"",
    "zeros": bytes(5000),
    "a huge header": _GET + b"X: " + _CANARY * 10_000 + b"\r\n\r\n",
    "many headers": _GET + b"".join(b"X-%d: %s\r\n" % (n, _CANARY) for n in range(3000)) + b"\r\n",
    "a huge path": b"GET /" + _CANARY * 10_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "pipelined": _GET * 1 + b"\r\n" + (_GET + b"\r\n") * 200,
    "a bad chunk": _POST + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n" + _CANARY,
    "a negative chunk": _POST + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n" + _CANARY,
    "an endless chunk": _POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 400 + b"\r\n",
    "two lengths": _POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n" + _CANARY,
    "length and chunks": _POST
    + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
    "a negative length": _POST + b"Content-Length: -1\r\n\r\n" + _CANARY,
    "a huge length": _POST + b"Content-Length: 99999999999999999999\r\n\r\n" + _CANARY,
    "less than its length": _POST + b'Content-Length: 500\r\n\r\n{"phone": "' + _CANARY,
    "a folded header": _GET + b"X: a\r\n " + _CANARY + b"\r\n\r\n",
    "a bare line end": _GET.replace(b"\r\n", b"\n") + b"X: " + _CANARY + b"\n\n",
    "NUL in a header": _GET + b"X: \0" + _CANARY + b"\r\n\r\n",
    "a method of its own": b"G\x01T /" + _CANARY + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "another version": b"GET /" + _CANARY + b" HTTP/9.9\r\nHost: a\r\n\r\n",
    "an upgrade": _GET + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    "CONNECT": b"CONNECT " + _CANARY + b":80 HTTP/1.1\r\nHost: a\r\n\r\n",
    "an absolute address": b"GET http://" + _CANARY + b"/ HTTP/1.1\r\nHost: a\r\n\r\n",
}
#: Of which some, or all, is a request that may be answered.
ANSWERED = {"pipelined", "an upgrade", "a folded header", "an absolute address"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(open_stage: OpenStage) -> AsyncIterator[Stage]:
    limits = {"difficulty": 1000, "forms_per_minute": 10_000}
    async with open_stage(_OFFSET, OPEN_AT, callbacks=limits) as stage:
        yield stage


def ask(stage: Stage, asked: Asked, *, streams: bool = False) -> tuple[int, str, bytes]:
    """Return the status, the kind and the content of the answer; of a stream its beginning."""
    connection = http.client.HTTPConnection("127.0.0.1", stage.http_port, timeout=PATIENCE_S)
    try:
        connection.putrequest(asked.method, asked.path, skip_accept_encoding=True)
        for name, value in asked.headers.items():
            connection.putheader(name, value.encode())
        if asked.method != "GET":
            connection.putheader("Content-Length", str(len(asked.body)))
        connection.endheaders(asked.body or None)
        answer = connection.getresponse()
        kind = answer.headers.get_content_type()
        content = answer.readline() if kind == "text/event-stream" else answer.read()
        return answer.status, kind, content
    finally:
        connection.close()


@pytest.mark.parametrize("operation", operations(), ids=str)
def test_no_address_is_upset(stage: Stage, operation: Operation) -> None:
    tokens = tokens_of(stage)
    plan = stage.plan
    words = [FICHE, *plan.sectors, *plan.directory, *plan.desk.reasons, "101", "102", "spoken"]
    examples = max(_EXAMPLES, settings().max_examples // 4)

    @settings(max_examples=examples)
    @given(st.data())
    def nothing_upsets_it(data: st.DataObject) -> None:
        asked = data.draw(requests(operation, tokens, words))
        status, kind, content = ask(stage, asked)
        assert status in operation.statuses | _NO_REQUEST
        if status >= 400:
            assert NUMBER[1:].encode() not in content
            assert MARK.encode() not in content
        if status >= 400 and kind == "application/json":
            error = json.loads(content)["error"]
            assert error["message"].endswith((".", "»."))

    nothing_upsets_it()


def exchange(stage: Stage, data: bytes, *, privately: bool) -> bytes:
    """Send bytes, and return what comes back until the connection ends or the server waits."""
    family = socket.AF_UNIX if privately else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as connection:
        connection.settimeout(PATIENCE_S)
        at = stage.state_dir / SERVICE / SOCKET_NAME
        connection.connect(str(at) if privately else ("127.0.0.1", stage.http_port))
        with suppress(ConnectionError):  # it may have heard enough
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        told = b""
        with suppress(ConnectionError):
            while piece := connection.recv(65_536):
                told += piece
        return told


@pytest.mark.parametrize("privately", [False, True], ids=["public port", "router's socket"])
@pytest.mark.parametrize("name", NONSENSE)
def test_no_nonsense_upsets_it(stage: Stage, name: str, privately: bool) -> None:
    told = exchange(stage, NONSENSE[name], privately=privately)
    statuses = [int(status) for status in re.findall(rb"^HTTP/1\.[01] (\d{3}) ", told, re.M)]
    assert max(statuses, default=400) < 500
    if name not in ANSWERED:
        assert min(statuses, default=400) >= 400
    assert NUMBER[1:].encode() not in told
    assert ask(stage, Asked("GET", "/healthz"))[0] == 200


def test_others_are_answered_while_many_connections_hang(stage: Stage) -> None:
    with ExitStack() as held:
        for number in range(_HANGING):
            connection = socket.create_connection(("127.0.0.1", stage.http_port))
            held.enter_context(connection)
            sent = f"POST /v1/callbacks HTTP/1.1\r\nHost: a\r\nX-{NUMBER}-{number}: "
            connection.sendall(sent.encode())
        for path in ("/healthz", "/v1/service", "/rappel"):
            assert ask(stage, Asked("GET", path))[0] == 200


def test_nothing_of_it_is_written_or_counted(stage: Stage) -> None:
    """Last: after all of the above."""
    _, _, content = ask(stage, Asked("GET", "/metrics"))
    counted = re.findall(r"^(allo_defects|allo_outside_table_total) (\S+)$", content.decode(), re.M)
    assert dict(counted) == {"allo_defects": "0.0", "allo_outside_table_total": "0.0"}
    lines = [json.loads(line) for line in stage.router_log.read_text().splitlines()]
    assert [one for one in lines if one["level"] not in ("info", "debug") or "dropped" in one] == []
    assert MARK not in stage.router_log.read_text()
    assert Scanner(list(needles(NUMBER))).in_folder(stage.state_dir).hits == []


def tokens_of(stage: Stage) -> dict[str, str]:
    secrets = stage.secrets
    return {
        "read": secrets.machines_token or secrets.api_key,
        "admin": secrets.api_key,
        "agents": next(iter(secrets.tokens.values())),
        "supervise": next(iter(secrets.supervisors.values())),
        "callbacks": next(iter(secrets.callback_keys.values())),
    }
