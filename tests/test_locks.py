"""A folder that one process at a time may use."""

import os
import socket
import subprocess
from pathlib import Path

import pytest

from router.errors import InUse
from router.locks import FILE_NAME, Lock, see_that_it_is_free

REMEDY = "Stop it first."


def test_a_second_holder_learns_who_is_the_first_and_what_to_do(tmp_path: Path) -> None:
    first = Lock(tmp_path / "state", "./allo run --config a.toml", REMEDY)
    with pytest.raises(InUse) as refused:
        Lock(tmp_path / "state", "./allo run --config b.toml", REMEDY)
    assert str(refused.value) == (
        f"{tmp_path}/state is in use by process {os.getpid()} on {socket.gethostname()} "
        "(./allo run --config a.toml). Stop it first."
    )
    first.release()
    Lock(tmp_path / "state", "./allo run --config b.toml", REMEDY).release()


def test_asking_changes_nothing(tmp_path: Path) -> None:
    see_that_it_is_free(tmp_path / "never made", REMEDY)
    assert list(tmp_path.iterdir()) == []

    with Lock(tmp_path, "./allo demo", REMEDY):
        said = (tmp_path / FILE_NAME).read_bytes()
        with pytest.raises(InUse, match="demo"):
            see_that_it_is_free(tmp_path, REMEDY)
    see_that_it_is_free(tmp_path, REMEDY)
    assert (tmp_path / FILE_NAME).read_bytes() == said
    Lock(tmp_path, "./allo demo", REMEDY).release()


def test_no_child_inherits_it(tmp_path: Path) -> None:
    lock = Lock(tmp_path, "./allo run", REMEDY)
    child = subprocess.Popen(["sleep", "60"], close_fds=False)
    try:
        lock.release()
        Lock(tmp_path, "./allo run", REMEDY).release()
    finally:
        child.kill()
        child.wait()


def test_a_lock_left_behind_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("process 1 on earth (./allo run)" * 99)
    with Lock(tmp_path, "./allo run", REMEDY), pytest.raises(InUse) as refused:
        Lock(tmp_path, "./allo run", REMEDY)
    assert "earth" not in str(refused.value)
