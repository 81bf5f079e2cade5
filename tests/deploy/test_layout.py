"""Files that are laid whole or not at all."""

import errno
import os
from pathlib import Path

import pytest

from router.deploy.layout import OWN, Copy, Folder, Ground, Link, Text, Thing, tree


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return Ground(tmp_path / "root")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    source = tmp_path / "source"
    (source / "inner" / "__pycache__").mkdir(parents=True)
    (source / "inner" / "__pycache__" / "one.pyc").touch()
    (source / "inner" / "run").write_text("run")
    (source / "inner" / "run").chmod(0o755)
    (source / "link").symlink_to("inner/run")
    (source / "folder-link").symlink_to("inner")
    return source


def things(source: Path) -> list[Thing]:
    return [
        Folder(Path("/etc/allo"), 0o750),
        Text(Path("/etc/allo/one.toml"), 0o600, content="one\n"),
        Link(Path("/etc/allo/link"), target=Path("one.toml")),
        *tree(source, Path("/usr/lib/allo")),
    ]


def test_what_is_laid_differs_no_more(ground: Ground, source: Path) -> None:
    for thing in things(source):
        assert thing.differs(ground) == "new"
        thing.lay(ground)
    assert [str(one.path) for one in things(source) if one.differs(ground)] == []
    assert ground.at(Path("/usr/lib/allo/link")).readlink() == Path("inner/run")
    assert ground.at(Path("/usr/lib/allo/folder-link")).is_symlink()
    assert not [*ground.root.rglob("__pycache__")]
    assert os.access(ground.at(Path("/usr/lib/allo/inner/run")), os.X_OK)


def test_what_differs_is_told(ground: Ground, source: Path) -> None:
    file, copied = Text(Path("/a"), content="a"), Copy(Path("/b"), source=source / "inner" / "run")
    file.lay(ground)
    copied.lay(ground)
    ground.at(file.path).write_text("b")
    assert file.differs(ground) == "changed"
    ground.at(copied.path).write_text("ran")  # as long, and of another time
    os.utime(ground.at(copied.path), (1, 1))
    assert copied.differs(ground) == "changed"
    file.lay(ground)
    ground.at(file.path).chmod(0o600)
    assert file.differs(ground) == "of another mode"
    ground.at(file.path).unlink()
    ground.at(file.path).mkdir()
    assert file.differs(ground) == "of another kind"


@pytest.mark.parametrize("kind", ["text", "copy"])
def test_a_disk_that_is_full_leaves_the_old_file(
    ground: Ground, source: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    path = Path("/etc/allo/one.toml")
    there = ground.at(path)
    there.parent.mkdir(parents=True)
    there.write_text("old")
    laid = (
        Text(path, content="new") if kind == "text" else Copy(path, source=source / "inner" / "run")
    )

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "rename", full)
    with pytest.raises(OSError, match="No space left"):
        laid.lay(ground)
    assert there.read_text() == "old"
    assert [one.name for one in there.parent.iterdir()] == ["one.toml"]


def test_nobody_s_account_is_guessed(ground: Ground) -> None:
    """Until ours is made, what is to be ours is root's, and differs in nothing."""
    file = Text(Path("/secrets.toml"), 0o600, OWN, "secret")
    file.lay(ground)
    assert ground.account() is None
    assert file.differs(ground) == ""
    (ground.root / "etc").mkdir()
    (ground.root / "etc" / "passwd").write_text("allo:x:987:986::/var/lib/allo:/bin/false\n")
    (ground.root / "etc" / "group").write_text("allo:x:986:\n")
    assert ground.account() == (987, 986)
    assert file.differs(ground) == ("of another owner" if os.geteuid() == 0 else "")
    assert "secret" not in repr(file).replace("secrets.toml", "")
