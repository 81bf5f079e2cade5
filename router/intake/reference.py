"""The reference of the HTTP interface, docs/http.md, made from its description and tables.

It is written by `python -m router.intake.reference > docs/http.md`.
"""

import json
from collections.abc import Iterator
from typing import Any

from router.access import OPENS, Scope
from router.core.requests import GRANTED, Reply
from router.intake.openapi import DESCRIPTION
from router.web.addresses import ADDRESSES, Others
from router.web.replies import ANSWERS

_INTRODUCTION = """\
# The HTTP interface

*Made from the sources by `python -m router.intake.reference`; a test keeps it up to date.*

Everything is served at `http.host` and `http.port` of [the settings](configuration.md), for a
[reverse proxy](security.md#http). `GET /v1/openapi.json` describes it for programs, in OpenAPI 3.1
and in French; this page says the same to people.

```sh
curl https://3939.example.org/v1/service
curl -H "Authorization: Bearer $TOKEN" https://3939.example.org/v1/access-codes/F1234
curl -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
    -d '{"reason": "repas"}' https://3939.example.org/v1/agents/me/pause
curl -N -H "Authorization: Bearer $TOKEN" https://3939.example.org/v1/agents/me/stream
```

A body is a JSON object of 16 kilobytes at most, 4 for callbacks, announced as `application/json`; a
member that is not foreseen is refused. Messages are in French, for the people who use what you
build. Instants are ISO 8601 with their offset, durations (`…_s`) whole seconds. No cache may keep
an answer. Any address may answer 503 while the service restarts; `Retry-After` then says when to
try again, where it is known. No answer holds a caller's number, and an address that holds something
like one is answered 404 unread.
"""
_TOKENS = """\
## Tokens

A token is presented as `Authorization: Bearer …` (RFC 6750). The secrets hold them: `api_key` is of
scope admin, `tokens` of agents, `supervisors` of supervise, `callback_keys` of callbacks,
`machines_token` of read, and `access` has more, each with its name and scope
([configuration](configuration.md)). An unknown token is answered 401, one of another scope 403 with
the `scope` that is needed.

| scope | opens |
|---|---|"""
_WHO = {
    Others.EVERYBODY: "everybody",
    Others.MACHINES: "machines by their network, or `read`",
    Others.SOFTPHONES: "browsers' phones, each with a ticket",
    Others.VISITORS: "pages of allowed origins, or `callbacks`",
}
#: What else a scope opens, to those who are let in otherwise too.
_ALSO = {Scope.READ: Others.MACHINES, Scope.CALLBACKS: Others.VISITORS}
#: What each operation does, by its id.
_DOES = {
    "getPage": "the page for people",
    "getDeskPage": "the informateur's desk, a page ([desk](desk.md))",
    "getFile": "a script or style sheet of the pages",
    "getHealth": "whether the process lives",
    "getReadiness": "whether a call can come in and reach a phone, and what is missing",
    "getMetrics": "metrics for Prometheus ([monitoring](monitoring.md))",
    "getService": "open or not, how each sector stands, whether callbacks are accepted",
    "getAccessCode": "the code to show on a page",
    "getWallboardPage": "the wallboard, a page; what it shows needs a token",
    "getWallboard": "how the service stands, for those who watch over it "
    "([wallboard](wallboard.md))",
    "followWallboard": "the same as server-sent events: the whole, then what changes",
    "getWhyHere": "why the latest call went to that informateur",
    "getDesk": "one's own desk, and what can be chosen there",
    "followDesk": "the desk as server-sent events `desk`: at once, then at each change",
    "openSession": "a token of the desk page for 15 minutes; wrong PINs lock the number",
    "renewSession": "lets a session go on, for 12 hours in all",
    "closeSession": "closes a session; the informateur's state stays as it is",
    "getCalls": "one's own conversations of today since the router's start, latest first",
    "actLogIn": "logs in, at the informateur's own phone or at `phone`",
    "actLogOut": "logs out; during a call, after it",
    "actPause": "pauses; during a call, after it",
    "actReady": "takes calls again",
    "actHold": "puts the caller on hold",
    "actRetrieve": "talks to the caller again",
    "actTransfer": "puts the call at the head of another sector's queue",
    "actConsult": "rings another sector, while the caller is on hold",
    "actComplete": "leaves the call to whoever was consulted",
    "actCancel": "gives the consultation up",
    "actRefer": "sends the caller to another administration, or says its number",
    "actEnd": "ends the call, as hanging up does",
    "actNoting": "lets the wrap-up go on until the call is noted, for 90 s at most",
    "actNote": "notes the call",
    "openSoftphone": "the account of the phone in the browser, with a ticket for `/sip`: one use, "
    "ten seconds ([desk](desk.md))",
    "connectSoftphone": "SIP of that phone over a websocket (RFC 7118), with the ticket as a "
    "subprotocol",
    "getDesks": "every desk, and what a supervisor can choose from",
    "getWhy": "why the latest call went to that informateur",
    "watch": "rings a supervisor's `phone`, to `listen`, `whisper` or `join`",
    "directPause": "has an informateur pause; during a call, after it",
    "directReady": "ends an informateur's pause",
    "directSkills": "has an informateur serve other sectors (`{sector: level}`) until the day's "
    "end; without `skills`, the plan's again",
    "directClose": "closes today at once, or at the local time `at`",
    "directReopen": "has today's hours as planned again",
    "directMessage": "says something on every board and desk until the day's end; without `text`, "
    "what was said is over",
    "getForm": "the page where a callback is asked for",
    "sendForm": "asks by a plain form",
    "followForm": "follows or cancels a request by a plain form",
    "getWidget": "the component for any site ([callbacks](callbacks.md))",
    "getDescription": "all of this, in OpenAPI 3.1",
    "askCallback": "asks for a callback, with an `Idempotency-Key` of 8 to 128 characters",
    "getChallenge": "the puzzle that a browser must solve",
    "followCallback": "where a request stands",
    "cancelCallback": "cancels it",
}
_ERRORS = """\
## Errors

Every error is `{"error": {"code", "field", "message"}}`; `field` is the member to correct, or null.

| status | code | when |
|---|---|---|
| 400 | `invalid_json`, `not_an_object`, `unreadable` | the body is no JSON object |
| 400 | `idempotency_key` | the header is missing or too short; callbacks alone |
| 401 | `unauthorized` | the token is missing, unknown or over |
| 400 | `no_websocket` | `/sip` was asked for anything but a websocket |
| 403 | `insufficient_scope`, `machines_only`, `origin`, `ticket` | it opens something else; \
the address is for machines, or for pages of allowed origins; the ticket is used or over |
| 404 | `not_found`, `unknown_agent`, `unknown_fiche`, `unknown_ticket` | there is no such thing |
| 405 | `method_not_allowed` | `Allow` says which are |
| 409 | `idempotency_conflict`, `too_late`, `no_softphone` | a key serves one request; the \
callback is under way; phones in browsers are switched off |
| 409 | `no_session`, `too_long` | the token is no session's; the session has lasted a day |
| 413, 415 | `too_large`, `unsupported_media_type` | the body is too long, or something else |
| 422 | `missing_field`, `unknown_field`, `wrong_type`, `unknown_value`, `wrong_value`, \
`ambiguous` | `field` says which member |
| 422 | `number_in_body` | what is sent holds something like a telephone number; callbacks apart |
| 422, 429 | `unknown_sector`, `wrong_proof`, those of a number that is not called \
back | callbacks alone |
| 500 | `defect` | a fault of ours, which is in the log |
| 503 | `away`, `busy`, `telephony_away`, those of `callbacks.code` in `/v1/service` | not now |
"""


def reference() -> str:
    """Return the whole reference as Markdown."""
    return "\n".join(
        [_INTRODUCTION, *_tokens(), "", *_addresses(), "", *_schemas(), _ERRORS, *_replies(), ""]
    )


def _tokens() -> Iterator[str]:
    yield _TOKENS
    for scope in Scope:
        opened = [f"`{path}`" for path, to in ADDRESSES.items() if to is scope]
        if scope is Scope.AGENTS:
            opened = ["`/v1/agents/me` and what is below it, for one informateur"]
        if scope in _ALSO:
            opened += [f"`{path}`" for path, to in ADDRESSES.items() if to is _ALSO[scope]]
        opened += [f"all that `{one}` opens" for one in Scope if one in OPENS[scope] - {scope}]
        yield f"| `{scope}` | {', '.join(opened)} |"


def _addresses() -> Iterator[str]:
    yield "## Addresses\n"
    yield "| address | opens to | does | body | answers |"
    yield "|---|---|---|---|---|"
    for path, methods in DESCRIPTION["paths"].items():
        to = ADDRESSES[path]
        opens = f"`{to}`" if isinstance(to, Scope) else _WHO[to]
        for method in ("get", "post", "delete"):
            if (operation := methods.get(method)) is not None:
                does, body = _DOES[operation["operationId"]], _sent(operation)
                cells = (f"`{method.upper()} {path}`", opens, does, body, _told(operation))
                yield f"| {' | '.join(cells)} |"


def _sent(operation: dict[str, Any]) -> str:
    if "requestBody" not in operation:
        parameters = operation.get("parameters", ())
        return ", ".join(f"`?{one['name']}`" for one in parameters if one["in"] == "query")
    [(kind, content)] = operation["requestBody"]["content"].items()
    if kind != "application/json":
        return "a form"
    schema = content["schema"]
    if "$ref" in schema:
        return _link(schema)
    needed = schema.get("required", ())
    fields = (f"`{name}`" if name in needed else f"`{name}`?" for name in schema["properties"])
    return ", ".join(fields)


def _told(operation: dict[str, Any]) -> str:
    told = []
    for status, answer in operation["responses"].items():
        for kind, content in answer.get("content", {}).items():
            if status < "400":
                told.append(f"{status} {_kind(content['schema']) if 'json' in kind else kind}")
    return ", ".join(told)


def _schemas() -> Iterator[str]:
    yield "## What is sent and told\n"
    yield "A `?` marks what may be missing.\n"
    for name, schema in DESCRIPTION["components"]["schemas"].items():
        if name == "Error":
            continue
        yield f"### {name}\n\n| member | value |\n|---|---|"
        needed = schema.get("required", ())
        for member, kind in _members(schema):
            top = member.partition(".")[0].partition("[")[0]
            yield f"| `{member}`{'' if top in needed else '?'} | {kind} |"
        yield ""


def _members(schema: dict[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for name, one in schema.get("properties", {}).items():
        yield f"{before}{name}", _kind(one)
        inner, mark = one, ""
        if "oneOf" in inner:
            inner = inner["oneOf"][0]
        if inner.get("type") == "array":
            inner, mark = inner["items"], "[]"
        if "additionalProperties" in inner and "properties" not in inner:
            inner, mark = inner["additionalProperties"], ".*"
        if inner.get("type") == "object":
            yield from _members(inner, f"{before}{name}{mark}.")


def _kind(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return _link(schema)
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    if "enum" in schema:
        return ", ".join(f"`{word}`" for word in schema["enum"])
    if "oneOf" in schema or "allOf" in schema:
        kinds = [_kind(one) for one in schema.get("oneOf") or schema["allOf"]]
        return (" or " if "oneOf" in schema else " and ").join(kinds)
    kind = schema.get("type")
    if isinstance(kind, list):
        return " or ".join(kind)
    if kind == "array":
        return f"list of {_kind(schema['items'])}"
    words = {
        "string": "text",
        "boolean": "true or false",
        "integer": "whole number",
        "number": "number",
    }
    return schema.get("format") or words.get(str(kind), str(kind))


def _link(schema: dict[str, Any]) -> str:
    name = schema["$ref"].rpartition("/")[2]
    return f"[{name}](#{name.lower()})"


def _replies() -> Iterator[str]:
    yield "What an informateur or a supervisor asks for may be refused by the state of things:\n"
    yield "| status | code | message |\n|---|---|---|"
    for reply in Reply:
        if reply not in GRANTED and (found := ANSWERS[reply]).status not in (403, 423):
            yield f"| {found.status} | `{reply.value.replace('-', '_')}` | {found.message} |"


if __name__ == "__main__":
    print(reference(), end="")
