"""`allo install`: compares the system with what it should be, and lays what differs.

Everything is read and checked before anything is changed.
"""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from router import places
from router.config import Faulty, read_all
from router.config.agreement import check_asterisk
from router.config.settings import read_settings
from router.config.tables import Report
from router.deploy import defaults, running
from router.deploy.defaults import LAID, RECORD, Default, Values
from router.deploy.layout import ACCOUNT, ROOTS, Ground, Link, Text, Thing
from router.deploy.program import (
    DOCS,
    LIB,
    LOGROTATE,
    UNITS,
    WANTED,
    Source,
    backoff,
    deploy_file,
    program,
)
from router.deploy.surroundings import systemd_release
from router.errors import ConfigError, DiskError, Problem, SetupError

#: What the state takes at first beside what is laid: prompts, music, databases; in bytes.
_STATE_ROOM = 150_000_000
#: Who owns /usr/lib/allo if it came as a Debian package.
_DPKG = Path("/var/lib/dpkg/info/allo.list")

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Change:
    """Something to lay, and what differs there now."""

    thing: Thing
    why: str

    def __str__(self) -> str:
        to = f" -> {self.thing.target}" if isinstance(self.thing, Link) else ""
        return f"{self.why}: {self.thing.path}{to}"


@dataclass(frozen=True, slots=True)
class Job:
    """All that one `allo install` is about to do."""

    ground: Ground
    #: Whether the account is to be made.
    account: bool
    changes: tuple[Change, ...]
    things: tuple[Thing, ...] = field(repr=False)

    @property
    def units(self) -> list[Change]:
        """Return those of the changes that systemd must hear of."""
        return [one for one in self.changes if _is_unit(one.thing.path)]


def planned(ground: Ground, source: Source | None, values: Values, found: Values) -> Job:
    """Return what is to be done; nothing is changed.

    `source` is the checkout that is installed; None: the program is in place already. `values`
    are the settings of this call's flags, `found` those that were found out.

    Raises:
        ConfigError: If a file of the admin's is in the way of `values`.
        SetupError: If the system cannot take it.
        DiskError: If there is no room.
    """
    if source is not None and ground.at(_DPKG).exists():
        raise SetupError(
            f"{LIB} belongs to the Debian package allo",
            "Build a new one with ./allo package and install that, or remove it first "
            "(apt remove allo).",
        )
    _check_account(ground)
    things = [*_things(ground, source, values, found)]
    changes = tuple(Change(one, why) for one in things if (why := one.differs(ground)))
    _check_room(ground, changes)
    return Job(ground, _lacks_account(ground), changes, tuple(things))


def check_settings(ground: Ground, values: Values, found: Values) -> None:
    """Check what the settings file will be with this call's flags.

    Raises:
        ConfigError: With every fault that it has not had before.
    """
    [settings, *_] = defaults.defaults(ground, values, found)
    there = ground.at(settings.path)
    before = there.read_text(encoding="utf-8") if there.exists() else None
    after = settings.edited or (settings.content if before is None else None)
    if after is None:
        return
    known = set() if before is None else set(_faults(before))
    if faults := [one for one in _faults(after) if one not in known]:
        raise ConfigError(faults)


def _faults(text: str) -> list[Problem]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / defaults.SETTINGS.name
        file.write_text(text, encoding="utf-8")
        report = Report(str(defaults.SETTINGS))
        settings = read_settings(file, report)
        if settings is not None:
            check_asterisk(settings, report)
    return report.problems


def _things(
    ground: Ground, source: Source | None, values: Values, found: Values
) -> Iterator[Thing]:
    if source is not None:
        yield from program(source)
    yield from defaults.folders()
    for one in _admins(ground, values, found):
        yield from one.things(ground)
    yield from backoff(systemd_release(ground))
    if not ground.at(RECORD).exists():
        yield Link(WANTED, target=UNITS / WANTED.name)


def _admins(ground: Ground, values: Values, found: Values) -> Iterator[Default]:
    yield from defaults.defaults(ground, values, found)
    rotation = deploy_file("logrotate/allo").read_text(encoding="utf-8")
    # logrotate reads every file there but those that it knows to be somebody's leftovers.
    yield Default(LOGROTATE, rotation, ".dpkg-dist", owner=ROOTS, mode=0o644)


def carry_out(job: Job, say: Say) -> None:
    """Do it, and have what runs take it up.

    Raises:
        SetupError: If the account cannot be made.
        DiskError: If something cannot be written; what was laid before stays.
    """
    ground = job.ground
    if job.account:
        _make_account(ground, say)
    trees = (LIB, DOCS, LAID)
    few = [one for one in job.changes if not any(map(one.thing.path.is_relative_to, trees))]
    if many := len(job.changes) - len(few):
        say(f"new or changed: {many} files and folders in {LIB}, {DOCS} and {LAID}")
    for one in job.changes:
        with places.writing(ground.at(one.thing.path)):
            one.thing.lay(ground)
        if one in few:
            say(str(one))
    try:
        secrets = defaults.fresh_secrets(ground)
    except ConfigError:
        secrets = None  # whoever asks what is left to do hears of every fault
    if secrets is not None:
        with places.writing(ground.at(secrets.path)):
            secrets.lay(ground)
        say(f"new: {secrets.path}")
    # Whose things are was not known before the account was made.
    for thing in job.things:
        if thing.differs(ground):
            with places.writing(ground.at(thing.path)):
                thing.lay(ground)
    _finish(job, say)


def _finish(job: Job, say: Say) -> None:
    """Compile the program, render what is said, and have systemd and what runs take it up."""
    ground = job.ground
    before, now = _recorded(ground), _digests(ground)
    system = running.System(ground.root)
    if before != now:
        system.compile(LIB)
    for problem in system.render_prompts():
        say(problem)
    if job.units:
        system.reload_units()
    if before is not None:
        for line in system.take_up(
            asterisk=before["asterisk"] != now["asterisk"],
            router=before["router"] != now["router"],
        ):
            say(line)
    record = Text(RECORD, content=json.dumps(now) + "\n")
    if record.differs(ground):
        with places.writing(ground.at(RECORD)):
            record.lay(ground)


def _digests(ground: Ground) -> dict[str, str]:
    """Return what tells one program from another: for the router, and for Asterisk."""
    lib = ground.at(LIB)
    shipped = lib / "router" / "shipped" / "asterisk-conf"
    asterisk = [lib / "asterisk" / "receipt.json", *sorted(shipped.glob("*.conf"))]
    code = (path for path in (lib / "router").rglob("*") if "__pycache__" not in path.parts)
    router = [lib / "VERSION", *sorted(code)]
    return {"asterisk": _digest(asterisk), "router": _digest(router)}


def _digest(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        if file.is_file():
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _recorded(ground: Ground) -> dict[str, str] | None:
    try:
        text = ground.at(RECORD).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        content = json.loads(text)
        return {"asterisk": str(content["asterisk"]), "router": str(content["router"])}
    except (ValueError, KeyError, TypeError):
        return {"asterisk": "", "router": ""}


def _is_unit(path: Path) -> bool:
    return path.is_relative_to(UNITS) or path.is_relative_to(WANTED.parents[1])


def _check_account(ground: Ground) -> None:
    ids = ground.account()
    if ids is not None and ids[0] >= 1000:
        raise SetupError(
            f"the user {ACCOUNT} (id {ids[0]}) is a person's account",
            "Rename it: the service needs a system account of that name.",
        )


def _lacks_account(ground: Ground) -> bool:
    return ground.account() is None and ground.at(Path("/etc/passwd")).exists()


def _make_account(ground: Ground, say: Say) -> None:
    where = [] if ground.root == Path("/") else ["--prefix", str(ground.root)]
    words = ["useradd", *where, "--system", "--user-group", "--no-create-home"]
    words += ["--home-dir", "/var/lib/allo", "--shell", "/usr/sbin/nologin"]
    words += ["--comment", "allo, a public phone number", ACCOUNT]
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
    try:
        done = subprocess.run(
            words, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
        )
        reason = done.stderr.strip() if done.returncode else ""
    except OSError as error:
        reason = str(error)
    if reason:
        raise SetupError(
            f"the user {ACCOUNT} cannot be made ({reason})",
            "Make it: useradd --system --user-group --home-dir /var/lib/allo allo.",
        )
    say(f"new: user and group {ACCOUNT}")


def _check_room(ground: Ground, changes: Iterable[Change]) -> None:
    needed: dict[int, int] = {}
    places_of: dict[int, Path] = {}
    sizes = [(one.thing.path, one.thing.size()) for one in changes]
    if not ground.at(defaults.PROMPTS).exists():
        sizes.append((defaults.PROMPTS, _STATE_ROOM))
    for path, size in sizes:
        there = ground.at(path)
        while not there.exists():
            there = there.parent
        device = there.stat().st_dev
        needed[device] = needed.get(device, 0) + size
        places_of.setdefault(device, there)
    for device, size in needed.items():
        free = shutil.disk_usage(places_of[device]).free
        if free < size:
            raise DiskError(
                str(places_of[device]),
                f"has {free // 1_000_000} MB left on its disk: {size // 1_000_000} MB are needed",
                "Make room there.",
            )


def check_rights(ground: Ground) -> None:
    """Raise SetupError if this user may not do it."""
    if os.geteuid() != 0 and ground.root == Path("/"):
        raise SetupError(
            "only root can install",
            "Start it as root (sudo ./allo install), see what it would do (--dry-run), or lay it "
            "out below a folder (--root DIR).",
        )


def next_steps(job: Job) -> Iterator[str]:
    """Yield what is left to a person, by what the settings still lack.

    Raises:
        ConfigError: If the settings, or a file that they name, are wrong.
    """
    ground = job.ground
    read = read_all(ground.at(defaults.SETTINGS))
    if isinstance(read, Faulty):
        raise ConfigError(read.problems)
    asterisk, callbacks = read.settings.asterisk, read.settings.callbacks
    file = defaults.SETTINGS
    for beside in sorted(ground.at(defaults.ETC).glob("*.new")):
        yield f"Take over what you like of {defaults.ETC / beside.name}, then remove it."
    if not asterisk.ways_out and not any(one.registration for one in asterisk.trunks):
        yield f"Name the carrier: allo install --carrier HOST, or [asterisk] in {file}."
    if asterisk.agents_bind.startswith("127."):
        yield f"Name the phones' network: allo install --phones-network 192.0.2.0/24 ({file})."
    if callbacks.presented is None:
        yield "To call people back: allo install --presented NUMBER, which the carrier granted."
    if not callbacks.origins:
        yield "For the web pages: allo install --public-name NAME, and a reverse proxy."
    yield f"Say who answers: allo agents add NUMBER --skills SECTORS ({defaults.AGENTS})."
    yield f"Say what callers hear: {defaults.PLAN}, then: allo prompts."
    if not running.System(ground.root).is_active():
        yield "Start it: systemctl start allo.target. Then look: systemctl status allo-router."
    elif any(one.thing.path == file for one in job.changes):
        yield (
            f"Have the router read {file}: allo reload. It ends no call, and says what takes a "
            "restart."
        )
