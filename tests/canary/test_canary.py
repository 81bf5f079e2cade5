"""Nobody's number is kept: a day with hundreds of them, then a scan of everything written.

    ./allo test -m canary -s       (ALLO_SEED=… for other numbers)

What the scan would find is proved twice: `test_positive_control.py` plants a number in every
form and at every kind of place, and here one is planted in every file that the day left.
"""

import hmac
import itertools
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from router.cli import provision
from tests.canary.day import Day
from tests.canary.forms import needles
from tests.canary.scan import Scanned, Scanner
from tests.canary.test_positive_control import FORMS, PACKED
from tests.real.usagers import numbers_kept, vault

pytestmark = [pytest.mark.canary, pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]

#: Where programs write besides the folders that they were given.
_WRITABLE = (
    *(Path(tempfile.gettempdir()), Path("/var/tmp"), Path("/dev/shm"), Path("/run")),
    *(Path("/var/log"), Path("/var/crash"), Path("/var/lib/systemd/coredump")),
    *(provision.TOP, provision.HOME),
)
#: Forms that need a file, a ticket or a key of their own.
_OF_THEIR_OWN = PACKED | {"six digits beside the ticket", "HMAC", "HMAC, cut", "HMAC-SHA-1"}
_NOT_OURS = ("/proc", "/sys", "/run/user")


@dataclass
class ScanTotals:
    """The sums of all scans, shown at the end."""

    needles: int = 0
    planted: int = 0
    found: int = 0
    #: Where no number may be.
    scanned: Scanned = field(default_factory=Scanned)


@pytest.fixture(scope="module")
def account(day: Day) -> Iterator[ScanTotals]:
    began_at = time.monotonic()
    account = ScanTotals()
    yield account
    scanned = account.scanned
    told = (
        f"{len(day.numbers.all)} numbers in {account.needles} forms; a day of {day.lasted_s:.0f} s"
    )
    told += f", scanned in {time.monotonic() - began_at:.0f} s\n"
    told += f"{scanned.places} places, {scanned.size / 1e6:.1f} MB: {len(scanned.hits)} hits\n"
    share = account.found / account.planted if account.planted else 0
    print(f"\n{told}planted {account.planted}, found {share:.0%}")


@pytest.fixture(scope="module")
def scanner(day: Day, account: ScanTotals) -> Scanner:
    """Knows every number of the day, every ticket, and every key that was in use."""
    all_ = [needle for number in day.numbers.all for needle in needles(number, keys(day))]
    account.needles = len(all_)
    return Scanner(all_, day.tickets)


def keys(day: Day) -> dict[str, bytes]:
    secrets = day.stage.secrets
    derived = {
        f"key of {purpose}": hmac.digest(secrets.code_secret, f"allo {purpose}".encode(), "sha256")
        for purpose in ("callback tickets", "callback challenges")
    }
    days = {f"key of the day, router {pid}": key for pid, key in day.day_keys.items()}
    return {
        **derived,
        **days,
        "code secret": secrets.code_secret,
        "ARI password": secrets.ari_password.encode(),
        "API key": secrets.api_key.encode(),
        "site's key": next(iter(secrets.callback_keys.values())).encode(),
    }


def clean(what: str, scanned: Scanned, account: ScanTotals) -> bool:
    """Return whether there is no number where there may be none."""
    account.scanned += scanned
    print(f"\n{what}: {scanned}")
    for place, why in scanned.left_out.items():
        print(f"  not scanned: {place}: {why}")
    return not scanned.hits


def known(what: str, scanned: Scanned) -> set[str]:
    """Return the numbers that are where there may be some."""
    held = {hit.canary for hit in scanned.hits}
    print(f"\n{what}: {scanned.size / 1e6:.1f} MB, {len(held)} numbers, as there may be")
    return held


def in_memory(scanner: Scanner, day: Day, when: str) -> Scanned:
    """Scan an image. The digests by the day's key may be in the router (`abuse.py`)."""
    scanned = scanner.in_image(day.images[when])
    scanned.hits = [hit for hit in scanned.hits if "key of the day" not in hit.form]
    return scanned


async def test_the_day_was_full(day: Day) -> None:
    used = {way: len(numbers) for way, numbers in day.numbers.used.items()}
    print(f"\n{sum(used.values())} numbers: {used}\nkilled {day.killed} times, tickets: {day.ends}")
    print("\n".join(f"  {count} × {what}" for what, count in sorted(day.outcomes.items())))
    assert used["headers"] >= 100
    assert used["web"] >= 100
    assert sum(count for way, count in used.items() if way.startswith("typed")) >= 100
    assert used["malformed requests"] >= 20
    assert used["strange SIP"] >= 20
    assert len(day.day_keys) >= 4
    for end in ("done", "failed", "cancelled"):
        assert day.ends.get(end), day.ends


async def test_no_file_holds_a_number(day: Day, scanner: Scanner, account: ScanTotals) -> None:
    assert day.stage.script.record is not None
    assert day.stage.script.record.stat().st_size > 100_000
    scanned = scanner.in_folder(day.stage.state_dir)
    for when, folder in day.copies.items():
        if not when.startswith("vault"):
            scanned += scanner.in_folder(folder)
    assert clean("files of the service, and copies of them half-way", scanned, account)


async def test_the_wallboard_shows_no_number(
    day: Day, scanner: Scanner, account: ScanTotals
) -> None:
    told = day.wallboard.read_text()
    for word in ('"doing":"talking"', '"waiting/1":{"value":', '"callbacks-open/1":{"value":'):
        assert word in told, "a day that is on no board"
    assert clean("all that the wallboard told", scanner.in_file(day.wallboard), account)


async def test_no_file_elsewhere_holds_a_number(
    day: Day, scanner: Scanner, account: ScanTotals
) -> None:
    """Of everything written since the day began, except the world's own files."""

    def is_old_or_not_ours(path: Path) -> bool:
        if path in (day.outside, day.stage.state_dir, provision.TOP / ".git"):
            return True
        if str(path).startswith(_NOT_OURS) or os.path.ismount(path):
            return str(path) not in map(str, _WRITABLE)
        try:
            told = path.lstat()
        except OSError:
            return True
        return not stat.S_ISDIR(told.st_mode) and max(told.st_mtime, told.st_ctime) < day.began_at

    scanned = Scanned()
    for folder in _WRITABLE:
        if folder.exists():
            scanned += scanner.in_folder(folder, unless=is_old_or_not_ours)
    assert clean("files written elsewhere", scanned, account)


async def test_the_vault_is_empty_in_the_end(
    day: Day, scanner: Scanner, account: ScanTotals
) -> None:
    assert numbers_kept(day.stage) == []
    held = known("the vault, half-way", scanner.in_folder(day.copies["vault with tickets"]))
    assert held <= set(day.numbers.used["web"])
    assert len(held) >= 50
    assert clean("the vault, in the end", scanner.in_folder(vault(day.stage)), account)


@pytest.mark.parametrize(
    "when",
    [
        *("a router with callers", "a router with tickets", "a router after typing"),
        *("a router whose callers type", "a router at the end"),
    ],
)
async def test_the_router_never_knows_a_number(
    day: Day, scanner: Scanner, account: ScanTotals, when: str
) -> None:
    assert day.images[when].holds(day.stage.secrets.api_key.encode())
    assert day.images[when].left_out == {}
    assert clean(when, in_memory(scanner, day, when), account)


async def test_the_intake_is_replaced_and_its_memory_gone(
    day: Day, scanner: Scanner, account: ScanTotals
) -> None:
    worn = (
        *("intakes that took requests", "intakes that took keys"),
        "an intake before it is replaced",
    )
    found = [known(when, in_memory(scanner, day, when)) for when in worn]
    assert any(found), "what is there must be found"
    after = "an intake that took its place"
    assert day.images[after].holds(day.stage.secrets.ari_password.encode())
    assert day.images[after].left_out == {}
    assert clean(after, in_memory(scanner, day, after), account)


async def test_asterisk_is_told_of(day: Day, scanner: Scanner) -> None:
    """Its SIP stack holds what it was sent until that memory is used again: not ours to clear,
    and so no core dump, no swap, and no file of its own (`asterisk-conf`).
    """
    known("an Asterisk at the end", in_memory(scanner, day, "an Asterisk at the end"))


async def test_nothing_is_swapped(scanner: Scanner, account: ScanTotals) -> None:
    assert clean("swap", scanner.in_swap(), account)


async def test_logs_say_nothing_in_others_words(day: Day) -> None:
    told = day.stage.router_log.read_text()
    strange = [line for line in told.splitlines() if not line.startswith('{"')]
    assert strange == []
    assert "Traceback" not in told
    # The one fault that logs a number on purpose: it is masked, and its field is dropped.
    assert [line for line in told.splitlines() if "[number]" in line or '"dropped"' in line] == [
        line for line in told.splitlines() if "no good: " in line
    ]
    heard = day.stage.asterisk.log_path.read_text()
    # Callers hung up while their number was being read back, two digits at a time.
    assert "Playback failed for sound:allo/pair" in heard
    assert "pair-" not in heard


async def test_nothing_leaves_a_core(day: Day) -> None:
    """An Asterisk and an intake were aborted, although cores were allowed."""
    cores = [path for path in day.stage.state_dir.rglob("core*") if path.is_file()]
    assert cores == []
    assert list(provision.TOP.glob("core*")) == []


async def test_the_scan_would_have_found_one_in_every_file(
    day: Day, scanner: Scanner, account: ScanTotals
) -> None:
    planted = day.outside / "planted"
    forms = itertools.cycle([form for form in FORMS if form not in _OF_THEIR_OWN])
    numbers = itertools.cycle(day.numbers.all)
    wanted: dict[str, str] = {}
    for path in sorted(day.stage.state_dir.rglob("*")):
        if path.is_file() and not path.is_symlink():
            copy = planted / path.relative_to(day.stage.state_dir)
            copy.parent.mkdir(parents=True, exist_ok=True)
            number = wanted[str(copy)] = next(numbers)
            copy.write_bytes(path.read_bytes() + b"\n" + FORMS[next(forms)](number) + b"\n")
    seen = {(hit.place.split(" (")[0], hit.canary) for hit in scanner.in_folder(planted).hits}
    missed = wanted.items() - seen
    account.planted, account.found = len(wanted), len(wanted) - len(missed)
    assert missed == set()
    assert wanted
