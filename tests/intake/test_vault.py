import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from router.intake.vault import TmpfsVault, Vault
from tests.intake.memory_vault import InMemoryVault
from tests.intake.vaults import (
    ANOTHER,
    CAPACITY,
    NUMBER,
    OTHER,
    TICKET,
    needs_memory,
    refusal,
)


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
def test_files_are_the_owners_alone_whatever_the_umask(memory_folder: Path) -> None:
    path = memory_folder / "vault"
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
def test_a_link_to_elsewhere_is_refused(memory_folder: Path, tmp_path: Path) -> None:
    (memory_folder / "vault").symlink_to(tmp_path)

    assert refusal(lambda: TmpfsVault(memory_folder / "vault")).code == "unusable"
    assert list(tmp_path.iterdir()) == []


@needs_memory
def test_a_file_in_the_way_is_refused(memory_folder: Path) -> None:
    (memory_folder / "vault").touch()

    assert refusal(lambda: TmpfsVault(memory_folder / "vault")).code == "unusable"


@needs_memory
def test_a_link_in_place_of_a_number_is_not_followed(
    memory_folder: Path, tmpfs: TmpfsVault
) -> None:
    treasure = memory_folder / "treasure"
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
