"""Every error of the router, in one tree.

`RouterError` -> `ConfigError`, `SetupError`, `InUse`, `DiskError`, `StoreError`, `VoiceError`,
`NumberRefused`, `VaultError`, `AriError` -> `AriUnreachable`, `AriRejected` -> (`AriGone`,
`AriUnauthorized`), `AriMalformed`, `AriReplaced`; and `AgiEnded`.
Each carries fields and formats itself: where, what is wrong, and what to do about it.
"""

from dataclasses import dataclass


class RouterError(Exception):
    """Anything that the router raises on purpose."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of the configuration."""

    #: Where it is: "file: dotted.key", or a file or folder.
    place: str
    #: What is wrong there, as the rest of a sentence, and if possible what to do.
    reason: str

    def __str__(self) -> str:
        # A name or a value may hold anything; a fault is one line all the same.
        line = f"{self.place}: {self.reason}"
        return "".join(mark if mark >= " " else "?" for mark in line)


class ConfigError(RouterError):
    """The configuration is wrong; `problems` names every fault at once."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class SetupError(RouterError):
    """Something that this machine lacks, or that does not start; `remedy` says what to do."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what, remedy)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what}. {self.remedy}"


class InUse(RouterError):
    """Something that one process at a time may use is taken: `place`, by whom, what to do."""

    def __init__(self, place: str, holder: str, remedy: str) -> None:
        super().__init__(place, holder, remedy)
        self.place = place
        self.holder = holder
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.place} is in use by {self.holder}. {self.remedy}"


class DiskError(RouterError):
    """A file or folder cannot be written: `place`, the `reason`, and what to do."""

    def __init__(self, place: str, reason: str, remedy: str) -> None:
        super().__init__(place, reason, remedy)
        self.place = place
        self.reason = reason
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.place} {self.reason}. {self.remedy}"


class StoreError(RouterError):
    """Something kept on disk cannot be read or written; `place` is the file."""

    def __init__(self, place: str, reason: str, remedy: str) -> None:
        super().__init__(place, reason, remedy)
        self.place = place
        self.reason = reason
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.place} {self.reason}. {self.remedy}"


class VoiceError(RouterError):
    """A prompt cannot be rendered; `prompt` is its id."""

    def __init__(self, prompt: str, reason: str) -> None:
        super().__init__(prompt, reason)
        self.prompt = prompt
        self.reason = reason

    def __str__(self) -> str:
        return f"prompt {self.prompt}: {self.reason}"


class NumberRefused(RouterError):
    """A phone number that is not called back; `message` tells the usager why, in French.

    It holds neither the number nor any part of it.
    """

    def __init__(self, code: str, message: str, field: str = "phone") -> None:
        super().__init__(code, message, field)
        self.code = code
        self.message = message
        self.field = field

    def __str__(self) -> str:
        return f"{self.field}: {self.code}"


class VaultError(RouterError):
    """The vault cannot be used at all, or not for this: `place`, the `reason`, what to do.

    `code` is one of "not_memory", "not_ours", "missing", "unusable" (the vault as a whole),
    "full", "bad_ticket", "taken", "unreadable" (this request).
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
    """404, 409, 412 or 422: the channel has gone, or is not where we thought it was."""


class AriUnauthorized(AriRejected):
    """401: Asterisk does not know the user, or has another password for it."""

    def __init__(self, operation: str, user: str) -> None:
        super().__init__(401, operation)
        self.user = user

    def __str__(self) -> str:
        return (
            f"Asterisk refuses {self.user} (asterisk.ari_user) with this password (ari_password of "
            "the secrets): run ./allo configure and restart Asterisk, or use the password that it "
            "was started with"
        )


class AriMalformed(AriError):
    """A message from Asterisk lacks something that its type promises; `kind` is its type."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind

    def __str__(self) -> str:
        return f"Asterisk sent a {self.kind} that cannot be read"


class AriReplaced(AriError):
    """Another router has taken over the application `app`: this one must stop."""

    def __init__(self, app: str) -> None:
        super().__init__(app)
        self.app = app

    def __str__(self) -> str:
        return f"another router took over the application {self.app}; stop one of the two"


class AgiEnded(RouterError):
    """A conversation over FastAGI is over: the caller has gone, or Asterisk, or it hangs."""
