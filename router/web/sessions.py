"""Sessions of the desk page: a number and a PIN give a token that opens one's own desk for a while.

A page keeps its token in memory and has it renewed while it is open; a token that is not renewed is
soon over. Nothing is kept of it here: it carries whose it is and until when, under a seal made of
the secrets and of the PIN. So a router that is started anew knows it again, and a new PIN ends it.

Wrong PINs are counted by the number typed, whether it is an informateur's or not. After a few the
number is locked, each time for twice as long. They are counted apart from those typed on a phone
(core/desk/by_phone.py): whoever guesses on a page keeps nobody from logging in by phone.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web

from router.access import Scope, Token, digest
from router.core.desk.pins import Pins
from router.core.ids import AgentId
from router.core.plan import Plan
from router.core.requests import Reply
from router.web.addresses import holder_of
from router.web.bodies import Field, body_of, checked
from router.web.replies import Refused, json_answer, refused
from router.web.tokens import bearer

#: A token opens for this long, in seconds; half of it before, a page has it renewed.
SESSION_S = 900
#: Nobody stays logged in for longer than a day's work, in seconds.
LONGEST_S = 12 * 3600
#: No number is locked for longer, in seconds.
LONGEST_LOCK_S = 3600
#: Of numbers that are nobody's, so many are remembered.
_MOST_STRANGERS = 1000
_MARK = "poste"

#: What opens a session.
NUMBER_AND_PIN = (Field("agent", str, True), Field("pin", str, True))


@dataclass(frozen=True, slots=True)
class Session:
    """A log-in at a page, as its token says."""

    agent: AgentId
    #: Of one log-in: the same in renewed tokens.
    id: str
    #: UTC epoch seconds.
    opened_at: int
    until: int


@dataclass(slots=True)
class _Tries:
    wrong: int = 0
    locks: int = 0
    locked_until: float = 0.0


class Sessions:
    """Who is logged in at a page. `now` is the world's time, not a rehearsal's."""

    def __init__(self, plan: Plan, pins: Pins, secret: bytes, now: Callable[[], float]) -> None:
        self._plan = plan
        self._pins = pins
        self._secret = secret
        self._now = now
        self._tries: dict[AgentId, _Tries] = {}
        self._strangers: dict[AgentId, _Tries] = {}
        #: Ended by their informateurs -> when their last token would be over anyway.
        self._closed: dict[str, float] = {}

    def change(self, plan: Plan, pins: Pins, secret: bytes) -> None:
        """Go by this plan, these PINs and this secret from now on."""
        self._plan, self._pins, self._secret = plan, pins, secret

    def open(self, agent: AgentId, pin: str) -> str:
        """Return a token for whoever has this number and PIN.

        Raises:
            Refused: 403 if they are wrong, 423 if there were too many wrong ones lately.
        """
        now, rules, tries = self._now(), self._plan.desk, self._tries_of(agent)
        # The same is done whatever was typed, so that the time taken reveals nothing.
        right = self._pins.matches(agent, pin) and agent in self._plan.agents
        if now < tries.locked_until:
            raise _locked(tries.locked_until - now)
        if right:
            self._tries.pop(agent, None)
            return self._sealed(
                Session(agent, secrets.token_hex(8), int(now), int(now) + SESSION_S)
            )
        tries.wrong += 1
        if tries.wrong < rules.pin_tries:
            raise refused(Reply.WRONG_PIN)
        lock_s = min(rules.lock_s * 2**tries.locks, max(rules.lock_s, LONGEST_LOCK_S))
        tries.wrong, tries.locks, tries.locked_until = 0, tries.locks + 1, now + lock_s
        raise _locked(lock_s)

    def renewed(self, presented: str) -> str:
        """Return a token that goes on with the session of this one.

        Raises:
            Refused: 409 if it is no session's, or if the session has lasted for a day's work.
        """
        session = self._session(presented)
        if session is None:
            raise Refused(409, "no_session", None, "Ce jeton n’est pas celui d’une session.")
        now = int(self._now())
        if now >= session.opened_at + LONGEST_S:
            raise Refused(
                409,
                "too_long",
                None,
                "La session dure depuis trop longtemps : ouvrez-en une autre.",
            )
        until = min(now + SESSION_S, session.opened_at + LONGEST_S)
        return self._sealed(Session(session.agent, session.id, session.opened_at, until))

    def close(self, presented: str) -> None:
        """End the session: none of its tokens opens any more."""
        session = self._session(presented)
        if session is not None:
            now = self._now()
            self._closed = {id_: at for id_, at in self._closed.items() if at > now}
            self._closed[session.id] = now + SESSION_S

    def holder(self, presented: str) -> Token | None:
        """Return what a session's token opens; None if it is no session's, or over."""
        session = self._session(presented)
        if session is None:
            return None
        return Token(
            session.agent, Scope.AGENTS, digest(presented), session.agent, float(session.until)
        )

    def stands(self, presented: str) -> bool:
        """Return whether the session of this token goes on, by another token if this one is over.

        It has not been closed, its informateur is still one, and the PIN is the same.
        """
        session = self._read(presented)
        return (
            session is not None
            and self._now() < session.opened_at + LONGEST_S
            and session.id not in self._closed
            and session.agent in self._plan.agents
        )

    def until_s(self, token: str) -> int:
        """Return for how long the token still opens, in seconds."""
        session = self._session(token)
        return 0 if session is None else max(0, session.until - int(self._now()))

    def _tries_of(self, agent: AgentId) -> _Tries:
        known = agent in self._plan.agents
        tries = self._tries if known else self._strangers
        if not known and len(tries) >= _MOST_STRANGERS and agent not in tries:
            del tries[next(iter(tries))]
        return tries.setdefault(agent, _Tries())

    # Tokens: "poste.", what is said, "." and its seal.

    def _sealed(self, session: Session) -> str:
        said = f"{session.agent}:{session.id}:{session.opened_at}:{session.until}"
        text = base64.urlsafe_b64encode(said.encode()).decode().rstrip("=")
        return f"{_MARK}.{text}.{self._seal(session.agent, text)}"

    def _session(self, presented: str) -> Session | None:
        """Return the session of a token that opens; None if it does not."""
        session = self._read(presented)
        if session is None or self._now() >= session.until or session.id in self._closed:
            return None
        return session if session.agent in self._plan.agents else None

    def _read(self, presented: str) -> Session | None:
        """Return what is under our seal, over or not; None if nothing is."""
        mark, _, rest = presented.partition(".")
        text, _, seal = rest.partition(".")
        if mark != _MARK:
            return None
        try:
            said = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
            agent, id_, opened_at, until = said.split(":")
            session = Session(AgentId(agent), id_, int(opened_at), int(until))
        except ValueError:
            return None
        ours = hmac.compare_digest(self._seal(session.agent, text).encode(), seal.encode())
        return session if ours else None

    def _seal(self, agent: AgentId, text: str) -> str:
        key = self._pins.key(agent, self._secret)
        return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _locked(for_s: float) -> Refused:
    minutes = max(1, round(for_s / 60))
    again = f"Réessayez dans {minutes} minute{'s' if minutes > 1 else ''}."
    return refused(Reply.LOCKED, more=again)


@dataclass(slots=True)
class LogIns:
    """The handlers: a session is opened, goes on, and is closed."""

    plan: Plan
    sessions: Sessions = field(repr=False)

    def routes(self) -> list[web.RouteDef]:
        """Return the addresses."""
        return [
            web.post("/v1/agents/session", self.open),
            web.post("/v1/agents/me/session", self.renew),
            web.delete("/v1/agents/me/session", self.close),
        ]

    async def open(self, request: web.Request) -> web.Response:
        """Open a session with number and PIN."""
        given = checked(NUMBER_AND_PIN, await body_of(request), self.plan)
        agent = AgentId(given["agent"])
        return self._told(agent, self.sessions.open(agent, given["pin"]))

    async def renew(self, request: web.Request) -> web.Response:
        """Let a session go on."""
        token = self.sessions.renewed(_presented(request))
        agent = holder_of(request).agent
        assert agent is not None, "a token for a desk names its informateur"
        return self._told(agent, token)

    async def close(self, request: web.Request) -> web.Response:
        """Close a session; the informateur's state stays as it is."""
        self.sessions.close(_presented(request))
        return json_answer({"closed": True})

    def _told(self, agent: AgentId, token: str) -> web.Response:
        return json_answer(
            {"agent": agent, "token": token, "until_s": self.sessions.until_s(token)}
        )


def _presented(request: web.Request) -> str:
    return bearer(request.headers.get("Authorization"))
