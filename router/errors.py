"""Every error of the router, in one tree.

`RouterError` -> `ConfigError`, `SetupError`, `InUse`, `DiskError`, `StoreError`, `VoiceError`,
`NumberRefused`, `VaultError`, `AriError` -> `AriUnreachable`, `AriRejected` -> (`AriGone`,
`AriUnauthorized`), `AriMalformed`, `AriReplaced`.
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


class InUse(RouterError):
    """What one process alone may use has its user: `place`, the `holder`, and what to do."""

    def __init__(self, place: str, holder: str, remedy: str) -> None:
        super().__init__(place, holder, remedy)
        self.place = place
        self.holder = holder
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.place} is in use by {self.holder}. {self.remedy}"


class DiskError(RouterError):
    """A file or folder cannot be written: `place`, why, and what to do."""

    def __init__(self, place: str, reason: str, remedy: str) -> None:
        super().__init__(place, reason, remedy)
        self.place = place
        self.reason = reason
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.place} {self.reason}. {self.remedy}"


class StoreError(RouterError):
    """What is kept on disk cannot be read or written; `place` is the file."""

    def __init__(self, place: str, reason: str, remedy: str) -> None:
        super().__init__(place, reason, remedy)
        self.place = place
        self.reason = reason
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.place} {self.reason}. {self.remedy}"


class VoiceError(RouterError):
    """A prompt could not be rendered; `prompt` names it."""

    def __init__(self, prompt: str, reason: str) -> None:
        super().__init__(prompt, reason)
        self.prompt = prompt
        self.reason = reason

    def __str__(self) -> str:
        return f"prompt {self.prompt}: {self.reason}"


class NumberRefused(RouterError):
    """A phone number that is not called back; `message` tells the usager why, in French.

    Neither the number nor any part of it is kept here.
    """

    def __init__(self, code: str, message: str, field: str = "phone") -> None:
        super().__init__(code, message, field)
        self.code = code
        self.message = message
        self.field = field

    def __str__(self) -> str:
        return f"{self.field}: {self.code}"


class VaultError(RouterError):
    """The vault cannot be used, or not for this: `code` says which, `place` where.

    `code` is one of "not_memory", "not_ours", "missing", "unusable" (the vault as a whole),
    "full", "bad_ticket", "taken", "unreadable" (what was asked of it).
    """

    def __init__(self, code: str, place: str, reason: str, remedy: str) -> None:
        super().__init__(code, place, reason, remedy)
        self.code = code
        self.place = place
        self.reason = reason
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.place} {self.reason}. {self.remedy}"


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


class AriUnauthorized(AriRejected):
    """401: Asterisk does not know the user, or the password is another."""

    def __init__(self, operation: str, user: str) -> None:
        super().__init__(401, operation)
        self.user = user

    def __str__(self) -> str:
        return (
            f"Asterisk refuses {self.user} (asterisk.ari_user) with this password (ari_password of "
            "the secrets): run ./allo configure and restart Asterisk, or give what it was started "
            "with"
        )


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
