import os
from pathlib import Path

import pytest

from router.intake.tmpfs import has_noswap, is_tmpfs

MOUNTS = """\
25 30 0:24 / /dev/shm rw,nosuid - tmpfs tmpfs rw,size=64m
31 30 0:27 / /run/allo rw,nosuid shared:5 - tmpfs tmpfs rw,size=65536k,mode=700,noswap
"""


@pytest.mark.parametrize(("device", "noswap"), [(24, False), (27, True), (99, False)])
def test_noswap_is_read_from_the_mount(tmp_path: Path, device: int, noswap: bool) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)

    assert has_noswap(os.makedev(0, device), mounts) is noswap


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="no /dev/shm here")
def test_the_kernel_says_what_is_memory() -> None:
    assert is_tmpfs(Path("/dev/shm"))
    assert not is_tmpfs(Path("/proc"))
