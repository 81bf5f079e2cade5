"""What the kernel says of the file system of a folder: whether it is memory, and never swapped."""

import ctypes
import os
from pathlib import Path

#: What statfs(2) calls a tmpfs: linux/magic.h.
_TMPFS_MAGIC = 0x01021994
#: proc(5), mountinfo.
_MOUNTS = Path("/proc/self/mountinfo")


def is_tmpfs(folder: int | Path) -> bool:
    """Return whether the folder, or its open descriptor, is on a tmpfs."""
    # The kernel is asked for the file system's type, which os.statvfs leaves out.
    if isinstance(folder, Path):
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            return is_tmpfs(opened)
        finally:
            os.close(opened)
    answer = ctypes.create_string_buffer(256)  # struct statfs: 120 bytes, its type first
    if ctypes.CDLL(None, use_errno=True).fstatfs(folder, answer) != 0:
        return False
    return ctypes.c_long.from_buffer(answer).value == _TMPFS_MAGIC


def has_noswap(device: int, mounts: Path = _MOUNTS) -> bool:
    """Return whether the file system of `device` is mounted noswap, by the table of mounts."""
    number = f"{os.major(device)}:{os.minor(device)}"
    for line in mounts.read_text().splitlines():
        mount, _, system = line.partition(" - ")
        if mount.split()[2] == number:
            return "noswap" in system.split()[-1].split(",")
    return False
