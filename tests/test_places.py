"""Where files are: in the checkout, or in the state folder of a user who does not own it."""

import errno
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from router import places
from router.errors import DiskError
from tests.door import CLI, TOP

#: Runs words in a namespace of its own, where TREE is mounted read-only.
READ_ONLY = 'mount --bind "$TREE" "$TREE" && mount -o remount,bind,ro "$TREE" && exec "$@"'


def read_only(tree: Path, *words: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run words while nothing in `tree` can be written, not even by root."""
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", READ_ONLY, "sh"]
    if subprocess.run([*command[:4], "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a tree read-only (user namespaces)")
    return subprocess.run(
        [*command, *words],
        env=os.environ | {"TREE": str(tree)} | variables,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def no_rights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)


def test_a_checkout_of_ones_own_keeps_everything_beside_itself(tmp_path: Path) -> None:
    assert places.home(tmp_path, {"HOME": "/home/lea"}) == tmp_path / ".allo"
    (tmp_path / ".allo").mkdir()
    assert places.home(tmp_path, {"HOME": "/home/lea"}) == tmp_path / ".allo"


@pytest.mark.parametrize(
    ("environ", "home"),
    [
        ({"HOME": "/home/lea"}, "/home/lea/.local/state/allo"),
        ({"HOME": "/home/lea", "XDG_STATE_HOME": "/var/state"}, "/var/state/allo"),
        ({"HOME": "/home/lea", "XDG_STATE_HOME": "state"}, "/home/lea/.local/state/allo"),
    ],
)
@pytest.mark.usefixtures("no_rights")
def test_in_another_user_s_checkout_the_state_is_the_user_s_own(
    tmp_path: Path, environ: dict[str, str], home: str
) -> None:
    assert places.home(tmp_path, environ) == Path(home)


def test_the_owner_s_prompts_are_used_while_they_are_recent(tmp_path: Path) -> None:
    shared, own, catalogue = tmp_path / "shared", tmp_path / "own", tmp_path / "catalogue.toml"
    plan = tmp_path / "plan.toml"
    for source in (catalogue, plan):
        source.touch()
    assert places.prompts(shared, own, catalogue) == own
    shared.mkdir()
    (shared / "manifest.json").touch()
    os.utime(catalogue, (1, 1))
    assert places.prompts(shared, own, catalogue) == shared
    os.utime(plan, (2_000_000_000, 2_000_000_000))
    assert places.prompts(shared, own, catalogue, plan) == own
    os.utime(shared / "manifest.json", (0, 0))
    assert places.prompts(shared, own, catalogue) == own


def test_the_door_and_the_program_choose_the_same_folder(tmp_path: Path) -> None:
    """In a read-only tree with the environment that its owner has set up there."""
    top = tmp_path / "checkout"
    (top / "router").mkdir(parents=True)
    for name in ("allo", "requirements.lock", "router/places.py", "router/errors.py"):
        shutil.copy(TOP / name, top / name)
    (top / "router/__init__.py").touch()
    (top / "router/cli.py").write_text(
        f"{CLI.split('sys.exit')[0]}\n"
        "from router import places\n"
        "print(places.HOME, sys.pycache_prefix, sep='\\n')\n"
    )
    venv = top / ".allo/venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    words = f"{(top / 'allo')!s}"
    made_from = (
        "import hashlib, pathlib, sys; top = pathlib.Path(sys.argv[1]);"
        "pins = hashlib.sha256((top / 'requirements.lock').read_bytes()).hexdigest();"
        "python = (top / '.allo/venv/bin/python').resolve();"
        "(top / '.allo/venv/.made-from').write_text(f'{pins}  - {python}')"
    )
    subprocess.run([sys.executable, "-c", made_from, top], check=True)
    environ = {"EXPECTED_PREFIX": str(venv), "XDG_STATE_HOME": str(tmp_path / "state")}

    done = read_only(top, words, **environ)

    home, pycache = done.stdout.splitlines()[1:]
    assert (home, done.stderr) == (str(tmp_path / "state/allo"), "")
    assert pycache == str(top / ".allo/pycache")
    assert not (tmp_path / "state").exists()

    own = subprocess.run(
        [words], env=os.environ | environ, capture_output=True, text=True, check=True
    )
    assert own.stdout.splitlines()[1] == str(top / ".allo")


def test_a_tree_that_was_not_set_up_is_set_up_for_the_user_alone(tmp_path: Path) -> None:
    top = tmp_path / "checkout"
    top.mkdir()
    for name in ("allo", "requirements.lock"):
        shutil.copy(TOP / name, top)
    blocked = tmp_path / "a file"
    blocked.touch()

    done = read_only(top, top / "allo", XDG_STATE_HOME=str(blocked))

    assert done.returncode == 1
    assert done.stderr == (
        f"allo: {blocked}/allo cannot be written: give this user the right to, or set "
        "XDG_STATE_HOME to a folder of this user's own\n"
    )


# --- what cannot be written ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "Make room on that disk."),
        (errno.EDQUOT, "Make room on that disk."),
        (errno.EROFS, "Mount that file system for writing"),
        (errno.EACCES, "Give this user the right to write there"),
        (errno.ENOTDIR, "Name another folder or file."),
    ],
)
def test_what_cannot_be_written_is_named_with_its_remedy(number: int, remedy: str) -> None:
    with pytest.raises(DiskError) as told, places.writing(Path("/srv/allo")):
        raise OSError(number, os.strerror(number))
    assert str(told.value).startswith(f"/srv/allo cannot be written ({os.strerror(number)}). ")
    assert remedy in str(told.value)


def test_the_very_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "a file").touch()
    with pytest.raises(DiskError, match="a file/below cannot be written"), places.writing(tmp_path):
        (tmp_path / "a file/below").mkdir()


def test_a_file_is_replaced_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "secrets.toml"
    places.put(file, "old", 0o600)
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("old", 0o600)
    places.put(file, "new")
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("new", 0o644)

    def no_room(path: Path, mode: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "chmod", no_room)
    with pytest.raises(OSError, match="No space"):
        places.put(file, "newer")
    assert file.read_text() == "new"
    assert list(tmp_path.iterdir()) == [file]


#: Who writes a file in place, and why nobody can find half of it.
WRITTEN_IN_PLACE = {
    "asterisk/debian.py": "apt's folder, which is thrown away",
    "asterisk/install.py": "in a tree that is renamed when it is complete",
    "asterisk/music.py": "in a folder that is renamed when it is complete",
    "demo/phones.py": "SIPp's scenario, before SIPp starts",
    "deploy/debian_package.py": "in a folder that is thrown away",
    "deploy/installing.py": "in a folder that is thrown away",
    "deploy/packages.py": "in a folder that counts only with the note of deploy/program.py",
    "deploy/program.py": "the note itself: half of it is another note",
    "simulation/plot.py": "in a folder that is thrown away",
    "voice/rendering.py": "beside, then renamed",
}


def test_files_are_written_beside_and_renamed() -> None:
    found = {
        file.relative_to(places.PACKAGE).as_posix()
        for file in places.PACKAGE.rglob("*.py")
        if re.search(r"\.write_(text|bytes)\(", file.read_text(encoding="utf-8"))
    }
    assert found == WRITTEN_IN_PLACE.keys()


def test_a_folder_that_can_be_created_is_no_fault(tmp_path: Path) -> None:
    assert places.why_not(tmp_path / "state/asterisk", room_mb=1) is None
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_created_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a file").touch()
    assert places.why_not(tmp_path / "a file/state") == (
        f"cannot be a folder: {tmp_path}/a file is a file"
    )
    assert "1000000000 MB are needed" in str(places.why_not(tmp_path, room_mb=10**9))
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert places.why_not(tmp_path / "state") == (
        f"cannot be written: this user has no right to write in {tmp_path}"
    )


def test_a_read_only_disk_is_noticed_without_writing(tmp_path: Path) -> None:
    ask = (
        "import sys, pathlib; from router import places;"
        "print(places.why_not(pathlib.Path(sys.argv[1])))"
    )

    done = read_only(tmp_path, sys.executable, "-c", ask, tmp_path / "state", PYTHONPATH=str(TOP))

    assert done.stdout == f"cannot be written: {tmp_path} is on a read-only file system\n"
