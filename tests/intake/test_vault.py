import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from router.errors import VaultError
from router.intake.numbers import PhoneNumber
from router.intake.vault import TmpfsVault, Vault
from tests.intake.memory_vault import InMemoryVault

MEMORY = Path("/dev/shm")
TICKET = "ticket-of-the-tests-01"
OTHER = "ticket-of-the-tests-02"
NUMBER = PhoneNumber("+33639980001")
ANOTHER = PhoneNumber("+33199001234")
CAPACITY = 3

needs_memory = pytest.mark.skipif(not MEMORY.is_dir(), reason="no /dev/shm here")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder in memory."""
    path = Path(tempfile.mkdtemp(dir=MEMORY, prefix="allo-test-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def tmpfs(folder: Path) -> Iterator[TmpfsVault]:
    opened = TmpfsVault(folder / "vault", capacity=CAPACITY)
    yield opened
    opened.close()


@pytest.fixture(params=["in memory", pytest.param("tmpfs", marks=needs_memory), "disk"])
def any_vault(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Vault]:
    if request.param == "in memory":
        yield InMemoryVault(capacity=CAPACITY)
    elif request.param == "tmpfs":
        yield request.getfixturevalue("tmpfs")
    else:
        opened = TmpfsVault(tmp_path / "vault", capacity=CAPACITY, allow_disk=True)
        yield opened
        opened.close()


def refusal(act: Callable[[], object]) -> VaultError:
    """Return the vault's error, which must name place and remedy, but no number and no ticket."""
    with pytest.raises(VaultError) as refused:
        act()
    error = refused.value
    told = f"{error} {error!r} {error.args} {error.__dict__}"
    assert error.place in str(error)
    assert error.remedy in str(error)
    assert TICKET not in told
    assert not re.search(r"\d{6}", told.replace(error.place, ""))
    return error


# The contract, held by every vault.


def test_a_number_is_there_until_it_is_dropped(any_vault: Vault) -> None:
    any_vault.put(TICKET, NUMBER)
    any_vault.put(OTHER, ANOTHER)

    assert any_vault.get(TICKET) == NUMBER
    assert any_vault.get(OTHER) == ANOTHER
    any_vault.drop(TICKET)
    assert any_vault.get(TICKET) is None
    assert any_vault.get(OTHER) == ANOTHER


def test_what_is_unknown_is_none_and_dropped_without_a_word(any_vault: Vault) -> None:
    assert any_vault.get(TICKET) is None
    any_vault.drop(TICKET)
    any_vault.put(TICKET, NUMBER)
    any_vault.drop(TICKET)
    any_vault.drop(TICKET)
    assert any_vault.tickets() == ()


def test_the_same_again_changes_nothing(any_vault: Vault) -> None:
    any_vault.put(TICKET, NUMBER)
    any_vault.put(TICKET, NUMBER)

    assert any_vault.tickets() == (TICKET,)
    assert any_vault.get(TICKET) == NUMBER


def test_a_ticket_keeps_its_number(any_vault: Vault) -> None:
    any_vault.put(TICKET, NUMBER)

    assert refusal(lambda: any_vault.put(TICKET, ANOTHER)).code == "taken"
    assert any_vault.get(TICKET) == NUMBER


def test_a_full_vault_says_so_and_keeps_what_it_has(any_vault: Vault) -> None:
    tickets = [f"a-ticket-of-the-tests-{one}" for one in range(CAPACITY)]
    for ticket in tickets:
        any_vault.put(ticket, NUMBER)

    assert refusal(lambda: any_vault.put(TICKET, ANOTHER)).code == "full"
    assert any_vault.tickets() == tuple(tickets)
    any_vault.put(tickets[0], NUMBER)
    any_vault.drop(tickets[0])
    any_vault.put(TICKET, ANOTHER)
    assert refusal(lambda: any_vault.put(OTHER, ANOTHER)).code == "full"


def test_tickets_come_sorted(any_vault: Vault) -> None:
    any_vault.put(OTHER, NUMBER)
    any_vault.put(TICKET, NUMBER)

    assert any_vault.tickets() == (TICKET, OTHER)


@pytest.mark.parametrize(
    "ticket",
    [
        *("", ".", "..", "boot-id", "a" * 21, "a" * 65, "../../../../etc/passwd/shadow"),
        *("/etc/passwd-and-22-chars", "a/" * 12, "a" * 21 + "/", "a" * 22 + "\n", "é" * 22),
        *("a" * 21 + "\0", "a" * 21 + ".", "a" * 21 + " ", "٠" * 22, "\ud800" * 22),
    ],
)
def test_what_is_no_ticket_opens_nothing(any_vault: Vault, ticket: str) -> None:
    for act in (
        lambda: any_vault.put(ticket, NUMBER),
        lambda: any_vault.get(ticket),
        lambda: any_vault.drop(ticket),
    ):
        assert refusal(act).code == "bad_ticket"
    assert any_vault.tickets() == ()


@pytest.mark.parametrize("ticket", ["a" * 22, "A-_9" * 16, "-" * 22])
def test_what_is_a_ticket_opens_the_vault(any_vault: Vault, ticket: str) -> None:
    any_vault.put(ticket, NUMBER)

    assert any_vault.get(ticket) == NUMBER


def test_nothing_shows_a_number(any_vault: Vault) -> None:
    any_vault.put(TICKET, NUMBER)

    assert "39980001" not in f"{any_vault} {any_vault!r} {vars(any_vault)}"


# Memory only, ours only.


@needs_memory
def test_files_are_the_owners_alone_whatever_the_umask(folder: Path) -> None:
    path = folder / "vault"
    path.mkdir(mode=0o777)
    path.chmod(0o777)
    before = os.umask(0)
    try:
        opened = TmpfsVault(path)
        opened.put(TICKET, NUMBER)
    finally:
        os.umask(before)
    opened.close()

    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert {stat.S_IMODE(one.stat().st_mode) for one in path.iterdir()} == {0o600}
    assert {one.name for one in path.iterdir()} == {TICKET, "boot-id"}


def test_a_disk_is_refused() -> None:
    # A folder that exists everywhere, is ours, and is not a tmpfs; nothing is written there.
    error = refusal(lambda: TmpfsVault(Path("/proc/self/fdinfo")))

    assert error.code == "not_memory"
    assert error.place == "/proc/self/fdinfo"
    assert "noswap" in error.remedy


def test_another_users_folder_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stranger = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: stranger)

    assert refusal(lambda: TmpfsVault(tmp_path, allow_disk=True)).code == "not_ours"


@needs_memory
def test_a_link_to_elsewhere_is_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "vault").symlink_to(tmp_path)

    assert refusal(lambda: TmpfsVault(folder / "vault")).code == "unusable"
    assert list(tmp_path.iterdir()) == []


@needs_memory
def test_a_file_in_the_way_is_refused(folder: Path) -> None:
    (folder / "vault").touch()

    assert refusal(lambda: TmpfsVault(folder / "vault")).code == "unusable"


@needs_memory
def test_a_link_in_place_of_a_number_is_not_followed(folder: Path, tmpfs: TmpfsVault) -> None:
    treasure = folder / "treasure"
    treasure.touch()
    os.utime(treasure, ns=(0, 33639980002))
    (tmpfs.path / TICKET).symlink_to(treasure)

    assert refusal(lambda: tmpfs.get(TICKET)).code == "unreadable"
    tmpfs.drop(TICKET)
    assert tmpfs.tickets() == ()
    assert treasure.stat().st_mtime_ns == 33639980002


@pytest.mark.parametrize(
    ("content", "time_ns"),
    [
        *((b"", 33), (b"", -33639980001), (b"", 1_795_572_000_123_456_789)),
        *((b"+33639980001", 33639980001), (b"\xff\xfe", 0), (b"0" * 300, 1)),
    ],
)
def test_a_file_that_is_no_number_is_told_without_its_content(
    tmp_path: Path, content: bytes, time_ns: int
) -> None:
    opened = TmpfsVault(tmp_path, allow_disk=True)
    (tmp_path / TICKET).write_bytes(content)
    os.utime(tmp_path / TICKET, ns=(0, time_ns))

    assert refusal(lambda: opened.get(TICKET)).code == "unreadable"
    opened.drop(TICKET)
    assert opened.get(TICKET) is None
    opened.close()


@needs_memory
def test_a_file_system_without_nanoseconds_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmpfs: TmpfsVault
) -> None:
    exact = os.utime
    monkeypatch.setattr(os, "utime", lambda file, ns: exact(file, ns=(0, ns[1] // 100 * 100)))

    assert refusal(lambda: tmpfs.put(TICKET, NUMBER)).code == "unusable"
    assert tmpfs.tickets() == ()


@needs_memory
def test_a_vault_that_vanished_is_told(tmpfs: TmpfsVault) -> None:
    shutil.rmtree(tmpfs.path)

    assert refusal(lambda: tmpfs.put(TICKET, NUMBER)).code == "missing"


# What it survives.


@needs_memory
def test_numbers_survive_the_router_killed(folder: Path) -> None:
    router = f"""if True:
        import os, signal
        from pathlib import Path
        from router.intake.numbers import PhoneNumber
        from router.intake.vault import TmpfsVault
        opened = TmpfsVault(Path({str(folder)!r}))
        assert opened.fresh
        opened.put({TICKET!r}, PhoneNumber({NUMBER.e164!r}))
        os.kill(os.getpid(), signal.SIGKILL)
        """
    killed = subprocess.run([sys.executable, "-c", router], cwd=Path(__file__).parents[2])
    assert killed.returncode == -signal.SIGKILL

    opened = TmpfsVault(folder)

    assert not opened.fresh
    assert opened.get(TICKET) == NUMBER
    assert opened.tickets() == (TICKET,)
    opened.close()


def test_numbers_do_not_survive_a_reboot(tmp_path: Path) -> None:
    before = TmpfsVault(tmp_path / "vault", allow_disk=True)
    before.put(TICKET, NUMBER)
    before.close()
    boot_id = tmp_path / "boot_id"
    boot_id.write_text("11111111-2222-3333-4444-555555555555\n")

    after = TmpfsVault(tmp_path / "vault", allow_disk=True, boot_id=boot_id)

    assert after.fresh
    assert after.boot_id == "11111111-2222-3333-4444-555555555555" != before.boot_id
    assert after.get(TICKET) is None
    after.close()
    again = TmpfsVault(tmp_path / "vault", allow_disk=True, boot_id=boot_id)
    assert not again.fresh
    again.close()


@needs_memory
def test_a_dropped_number_is_overwritten_before_it_goes(tmpfs: TmpfsVault) -> None:
    tmpfs.put(TICKET, NUMBER)
    with (tmpfs.path / TICKET).open("rb") as kept_open:
        assert os.fstat(kept_open.fileno()).st_mtime_ns == int(NUMBER.e164)
        tmpfs.drop(TICKET)
        assert os.fstat(kept_open.fileno()).st_mtime == 0
    assert not (tmpfs.path / TICKET).exists()


@needs_memory
def test_a_drop_that_was_cut_short_leaves_no_number(
    monkeypatch: pytest.MonkeyPatch, tmpfs: TmpfsVault
) -> None:
    tmpfs.put(TICKET, NUMBER)
    with monkeypatch.context() as killed:
        killed.setattr(os, "unlink", lambda *arguments, **options: sys.exit())
        with pytest.raises(SystemExit):
            tmpfs.drop(TICKET)

    assert tmpfs.get(TICKET) is None
    assert tmpfs.tickets() == (TICKET,)
    tmpfs.drop(TICKET)
    assert tmpfs.tickets() == ()


@needs_memory
def test_a_number_takes_no_page_of_memory(tmpfs: TmpfsVault) -> None:
    tmpfs.put(TICKET, NUMBER)
    kept = (tmpfs.path / TICKET).stat()

    assert (kept.st_size, kept.st_blocks) == (0, 0)


@needs_memory
def test_reading_a_file_or_giving_it_another_name_changes_no_number(tmpfs: TmpfsVault) -> None:
    tmpfs.put(TICKET, NUMBER)
    path = tmpfs.path / TICKET
    assert path.read_bytes() == b""
    path.rename(tmpfs.path / OTHER).chmod(0o600)

    assert tmpfs.get(OTHER) == NUMBER


@needs_memory
def test_capacity_counts_what_was_there_before(folder: Path) -> None:
    first = TmpfsVault(folder, capacity=1)
    first.put(TICKET, NUMBER)
    first.close()

    second = TmpfsVault(folder, capacity=1)

    assert refusal(lambda: second.put(OTHER, NUMBER)).code == "full"
    (folder / TICKET).unlink()  # somebody else did this
    second.put(OTHER, NUMBER)
    second.close()


SYSTEM = ("open", "fchmod", "utime", "link", "unlink", "stat", "fstat", "listdir", "close")


class FailingSystem:
    """The operating system, of whose relevant calls number `fails_at` fails."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, errno: int, fails_at: int) -> None:
        self.calls = 0
        for name in SYSTEM:
            monkeypatch.setattr(os, name, self._failing(getattr(os, name), errno, fails_at))

    def _failing(self, call: Callable[..., Any], errno: int, fails_at: int) -> Callable[..., Any]:
        def called(*arguments: Any, **options: Any) -> Any:
            self.calls += 1
            if self.calls == fails_at:
                raise OSError(errno, os.strerror(errno), TICKET)
            return call(*arguments, **options)

        return called


@needs_memory
@pytest.mark.parametrize(("errno", "code"), [(28, "full"), (5, "unusable")], ids=["ENOSPC", "EIO"])
@pytest.mark.parametrize("act", ["put", "drop"])
def test_each_call_that_fails_leaves_all_or_nothing(
    folder: Path, act: str, errno: int, code: str
) -> None:
    fails_at = 0
    while True:
        fails_at += 1
        opened = TmpfsVault(folder / str(fails_at))
        if act == "drop":
            opened.put(TICKET, NUMBER)
        with pytest.MonkeyPatch.context() as patch:
            system = FailingSystem(patch, errno, fails_at)
            try:
                opened.put(TICKET, NUMBER) if act == "put" else opened.drop(TICKET)
                failed = False
            except VaultError as error:
                failed = True
                seen = error.code
                told = f"{error} {error!r}"
        if not failed:
            assert system.calls < fails_at
            break
        assert seen == code
        assert TICKET not in told
        names = {one.name for one in opened.path.iterdir()} - {"boot-id"}
        assert names <= {TICKET}
        assert opened.get(TICKET) in (None, NUMBER)
        opened.drop(TICKET)
        assert opened.tickets() == ()
        opened.close()
    assert fails_at > (4 if act == "put" else 2)


# As one.

tickets = st.sampled_from([f"a-ticket-of-the-tests-{one}" for one in range(CAPACITY + 2)])
numbers = st.builds(PhoneNumber, st.from_regex(r"\+3363998[0-9]{4}", fullmatch=True))


class TwoVaults(RuleBasedStateMachine):
    """The vault in memory is the model of the one on tmpfs, also when the router restarts."""

    @initialize()
    def start(self) -> None:
        self.folder = Path(tempfile.mkdtemp(dir=MEMORY, prefix="allo-test-"))
        self.model = InMemoryVault(capacity=CAPACITY)
        self.vault = TmpfsVault(self.folder, capacity=CAPACITY)

    def teardown(self) -> None:
        if hasattr(self, "vault"):
            self.vault.close()
            shutil.rmtree(self.folder)

    @rule(ticket=tickets, number=numbers)
    def put(self, ticket: str, number: PhoneNumber) -> None:
        answers = []
        for one in (self.model, self.vault):
            try:
                one.put(ticket, number)
                answers.append("put")
            except VaultError as error:
                answers.append(error.code)
        assert answers[0] == answers[1]

    @rule(ticket=tickets)
    def drop(self, ticket: str) -> None:
        self.model.drop(ticket)
        self.vault.drop(ticket)

    @rule()
    def restart(self) -> None:
        self.vault.close()
        self.vault = TmpfsVault(self.folder, capacity=CAPACITY)
        assert not self.vault.fresh

    @invariant()
    def alike(self) -> None:
        assert self.vault.tickets() == self.model.tickets()
        for ticket in self.model.tickets():
            assert self.vault.get(ticket) == self.model.get(ticket)


@needs_memory
def test_both_vaults_answer_alike_through_restarts() -> None:
    TwoVaults.TestCase.settings = settings(max_examples=50)
    TwoVaults.TestCase("runTest").debug()


# Whether it could keep one more.


@needs_memory
def test_a_vault_says_that_its_folder_is_gone(tmpfs: TmpfsVault) -> None:
    tmpfs.check()
    assert tmpfs.tickets() == ()  # it keeps nothing
    shutil.rmtree(tmpfs.path)
    assert refusal(tmpfs.check).code == "missing"


@needs_memory
def test_a_vault_says_that_another_folder_took_its_place(tmpfs: TmpfsVault) -> None:
    aside = tmpfs.path.rename(tmpfs.path.with_name("aside"))
    tmpfs.path.mkdir()
    assert refusal(tmpfs.check).code == "unusable"
    tmpfs.path.rmdir()
    aside.rename(tmpfs.path)
    tmpfs.check()
