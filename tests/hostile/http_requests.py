"""Requests drawn from the description of every address: near what is described, and far from it."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import strategies as st

from router.access import Scope
from router.intake.openapi import DESCRIPTION

#: Told nobody: kept for fiction, and in nearly everything that is sent here.
NUMBER = "0199007744"
#: In every other text: it must not come back.
MARK = "zqxjkv"

Tokens = dict[str, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, as bytes would have it."""

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address, as it is described."""

    method: str
    path: str
    told: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def statuses(self) -> set[int]:
        return {int(status) for status in self.told["responses"]}

    @property
    def streams(self) -> bool:
        return "text/event-stream" in str(self.told["responses"])


def operations() -> list[Operation]:
    """Return all that is described."""
    return [
        Operation(method.upper(), path, told)
        for path, methods in DESCRIPTION["paths"].items()
        for method, told in methods.items()
        if method != "parameters"
    ]


def requests(operation: Operation, tokens: Tokens, words: list[str]) -> st.SearchStrategy[Asked]:
    """Draw requests to it; `tokens` by scope, `words` of the plan and of its people."""
    return st.builds(
        _asked,
        st.just(operation),
        st.lists(_texts(words), min_size=3, max_size=3),
        st.dictionaries(st.sampled_from(("fiche", "sector", MARK)), _texts(words), max_size=3),
        _headers(operation, tokens),
        _bodies(operation, words),
    )


def _texts(words: list[str]) -> st.SearchStrategy[str]:
    anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
    return st.one_of(
        st.sampled_from(words),
        anything.map(lambda text: MARK + text),
        st.sampled_from((NUMBER, f"+33{NUMBER[1:]}", f"{NUMBER};{MARK}", " ".join(NUMBER))),
        st.sampled_from(("", "..", "../../etc/passwd", "%00", "\0", "\r\nX: y", "'--", "{{7*7}}")),
        st.sampled_from((MARK * 2000, NUMBER * 500, "é" * 300, "\u202e" + MARK)),
    )


def _headers(operation: Operation, tokens: Tokens) -> st.SearchStrategy[dict[str, str]]:
    needed = [
        scope for one in operation.told.get("security") or () for scope in one.get("token", ())
    ]
    right = [f"Bearer {tokens[scope]}" for scope in needed]
    wrong = [*(f"Bearer {value}" for value in tokens.values()), f"Bearer {MARK}", "Basic Og==", "é"]
    authorization = st.sampled_from(right * 8 + wrong)
    keys = st.sampled_from((f"{MARK}{MARK}", NUMBER, "short", MARK * 100, "é" * 9))
    kinds = ["application/json"] * 5 + ["application/x-www-form-urlencoded"] * 5
    kinds += ["text/plain", "application/json; charset=utf-7", "multipart/form-data", MARK, ""]
    return st.fixed_dictionaries(
        {},
        optional={
            "Authorization": authorization,
            "Idempotency-Key": keys,
            "Content-Type": st.sampled_from(kinds),
            "Origin": st.sampled_from(("null", f"https://{MARK}.example.org", "http://localhost")),
            "X-Forwarded-For": st.sampled_from(("203.0.113.9", NUMBER, MARK, "::1, ::2")),
            "Accept-Encoding": st.sampled_from(("gzip", "*;q=0", MARK)),
            "If-None-Match": st.sampled_from(("*", f'"{MARK}"', 'W/"')),
            "Range": st.just("bytes=0-0,-1"),
            "Expect": st.just("100-continue"),
            "Last-Event-ID": st.just(MARK),
        },
    )


def _bodies(operation: Operation, words: list[str]) -> st.SearchStrategy[bytes]:
    content = operation.told.get("requestBody", {}).get("content", {})
    members = list(_members(content))
    values = st.one_of(
        _texts(words), st.none(), st.booleans(), st.integers(), st.floats(), st.just([[[[]]]])
    )
    names = st.one_of(st.sampled_from([*members, NUMBER, MARK]), st.text(max_size=9))
    objects = st.dictionaries(names, values, max_size=5)
    if members:
        likely = st.fixed_dictionaries({}, optional={one: _texts(words) for one in members})
        objects = st.one_of(likely, likely, objects)
    forms = objects.map(lambda one: urlencode({k: str(v) for k, v in one.items()}).encode())
    return st.one_of(
        objects.map(_json),
        objects.map(_json),
        forms,
        values.map(_json),
        st.binary(max_size=60),
        st.sampled_from((b"[" * 15_000, b'{"phone":' * 1500, b"\xff\xfe{", b"x" * 20_000, b"")),
    )


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def _members(content: dict[str, Any]) -> set[str]:
    """Return the names of what a body may have, wherever its schema says so."""
    found: set[str] = set()
    waiting: list[Any] = [content]
    while waiting:
        match waiting.pop():
            case {"$ref": str(name)}:
                waiting.append(DESCRIPTION["components"]["schemas"][name.rpartition("/")[2]])
            case dict(one):
                found |= set(one.get("properties", ()))
                waiting += one.values()
            case list(several):
                waiting += several
    return found


def _asked(
    operation: Operation,
    parts: list[str],
    query: dict[str, str],
    headers: dict[str, str],
    body: bytes,
) -> Asked:
    path = operation.path
    for name, value in zip(("fiche", "agent", "ticket"), parts, strict=True):
        path = path.replace(f"{{{name}}}", quote(value, safe=""))
    path = path.replace("{watching}", parts[0] if parts[0] in _WATCHING else "listen")
    if query:
        path += "?" + urlencode(query)
    if operation.method == "GET":
        body = b""
    return Asked(operation.method, path, headers, body)


_WATCHING = ("listen", "whisper", "join")

#: The scopes for which a token is wanted.
SCOPES = tuple(scope.value for scope in Scope)
