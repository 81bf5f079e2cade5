"""Where a vault is by default."""

import os
import re
from pathlib import Path

import pytest

from router.errors import InUse
from router.intake import vault
from router.intake.vault import TmpfsVault, place_of
from router.locks import Lock
from tests.intake.vaults import needs_memory


def place(environ: dict[str, str] | None = None, state: str = "/var/lib/allo") -> str:
    """Return where numbers are by default, with M for what depends on the state directory."""
    path = str(place_of(None, Path(state), environ or {}))
    return re.sub("[0-9a-f]{12}$", "M", path)


def test_the_place_that_was_chosen_comes_first_then_the_one_systemd_gives() -> None:
    environ = {"RUNTIME_DIRECTORY": "/run/allo:/run/b"}
    assert place_of(Path("/mnt/vault"), Path("/var/lib/allo"), environ) == Path("/mnt/vault")
    assert place(environ) == "/run/allo/vault-M"


@pytest.mark.parametrize("in_memory", [True, False])
def test_without_systemd_it_is_in_run_allo_or_of_this_user(
    monkeypatch: pytest.MonkeyPatch, in_memory: bool
) -> None:
    monkeypatch.setattr(vault, "is_tmpfs", lambda folder: in_memory)
    monkeypatch.setattr(os, "access", lambda folder, mode: True)
    shm = f"/dev/shm/allo-{os.geteuid()}-M"

    assert place() == ("/run/allo/vault-M" if in_memory else shm)
    monkeypatch.setattr(os, "access", lambda folder, mode: False)
    assert place() == shm


def test_it_follows_from_the_state_by_whatever_name(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "name").symlink_to("state")
    for environ in ({}, {"RUNTIME_DIRECTORY": "/run/allo"}):
        one, same, other = (
            place_of(None, tmp_path / name, environ) for name in ("state", "name", "other")
        )
        assert one == same
        assert one != other


@needs_memory
def test_a_new_vault_keeps_the_lock_of_its_router(memory_folder: Path) -> None:
    with Lock(memory_folder / "vault", "./allo run", "Stop it."):
        opened = TmpfsVault(memory_folder / "vault")
        assert opened.fresh
        opened.close()
        with pytest.raises(InUse):
            Lock(memory_folder / "vault", "./allo run", "Stop it.")
