"""Every error of the router, in one tree.

`RouterError` -> `ConfigError`, `SetupError`, `VoiceError`,
`AriError` -> `AriUnreachable`, `AriRejected` -> `AriGone`, `AriMalformed`, `AriReplaced`.
Each carries fields and formats itself: where, what, and what to do about it.
"""

from dataclasses import dataclass


class RouterError(Exception):
    """Anything the router raises on purpose."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of the configuration: `place` (file: dotted.key), `reason`, what to do."""

    place: str
    reason: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


class ConfigError(RouterError):
    """The configuration is wrong; `problems` names every fault at once."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class SetupError(RouterError):
    """Something this machine lacks and that could not be had; `remedy` says what to do."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what, remedy)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what}. {self.remedy}"


class VoiceError(RouterError):
    """A prompt could not be rendered; `prompt` names it."""

    def __init__(self, prompt: str, reason: str) -> None:
        super().__init__(prompt, reason)
        self.prompt = prompt
        self.reason = reason

    def __str__(self) -> str:
        return f"prompt {self.prompt}: {self.reason}"


class AriError(RouterError):
    """Asterisk's REST interface did not do what we asked."""


class AriUnreachable(AriError):
    """No answer from Asterisk: `url` is down, restarting, or refuses the connection."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(url, reason)
        self.url = url
        self.reason = reason

    def __str__(self) -> str:
        return f"Asterisk does not answer at {self.url}: {self.reason}"


class AriRejected(AriError):
    """Asterisk answered `operation` with HTTP `status` and `reason`."""

    def __init__(self, status: int, operation: str, reason: str = "") -> None:
        super().__init__(status, operation, reason)
        self.status = status
        self.operation = operation
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.operation} -> {self.status} {self.reason}".rstrip()


class AriGone(AriRejected):
    """404, 409, 412 or 422: the channel left or is not where we thought. The caller has gone."""


class AriMalformed(AriError):
    """A message of Asterisk lacks what its type promises; `kind` is its type."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind

    def __str__(self) -> str:
        return f"Asterisk sent a {self.kind} that cannot be read"


class AriReplaced(AriError):
    """Another router took over the application `app`: this one must stop."""

    def __init__(self, app: str) -> None:
        super().__init__(app)
        self.app = app

    def __str__(self) -> str:
        return f"another router took over the application {self.app}; stop one of the two"
