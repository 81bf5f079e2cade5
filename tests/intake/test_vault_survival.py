"""What a vault survives: kills, restarts, reboots, and calls of the system that fail."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from router.errors import VaultError
from router.intake.numbers import PhoneNumber
from router.intake.vault import TmpfsVault
from tests.intake.memory_vault import InMemoryVault
from tests.intake.vaults import (
    CAPACITY,
    MEMORY,
    NUMBER,
    OTHER,
    TICKET,
    needs_memory,
    refusal,
)


@needs_memory
def test_numbers_survive_the_router_killed(memory_folder: Path) -> None:
    router = f"""if True:
        import os, signal
        from pathlib import Path
        from router.intake.numbers import PhoneNumber
        from router.intake.vault import TmpfsVault
        opened = TmpfsVault(Path({str(memory_folder)!r}))
        assert opened.fresh
        opened.put({TICKET!r}, PhoneNumber({NUMBER.e164!r}))
        os.kill(os.getpid(), signal.SIGKILL)
        """
    killed = subprocess.run([sys.executable, "-c", router], cwd=Path(__file__).parents[2])
    assert killed.returncode == -signal.SIGKILL

    opened = TmpfsVault(memory_folder)

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
def test_capacity_counts_what_was_there_before(memory_folder: Path) -> None:
    first = TmpfsVault(memory_folder, capacity=1)
    first.put(TICKET, NUMBER)
    first.close()

    second = TmpfsVault(memory_folder, capacity=1)

    assert refusal(lambda: second.put(OTHER, NUMBER)).code == "full"
    (memory_folder / TICKET).unlink()  # somebody else did this
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
    memory_folder: Path, act: str, errno: int, code: str
) -> None:
    fails_at = 0
    while True:
        fails_at += 1
        opened = TmpfsVault(memory_folder / str(fails_at))
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
