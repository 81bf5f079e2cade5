"""What open tickets weigh: in a process's memory, in the vault's folder, on disk."""

import os
from dataclasses import dataclass
from pathlib import Path

#: What one file of a tmpfs takes besides its content: its inode and its name, by the kernel's
#: own list of what it keeps (slabinfo(5)).
_PER_FILE = ("shmem_inode_cache", "dentry")


@dataclass(frozen=True, slots=True)
class Weight:
    """Memory with `tickets` open, in bytes."""

    tickets: int
    #: The router's own memory, without what is a file's.
    router: int
    #: Pages of the vault's files.
    vault_pages: int
    #: Inodes and names of the vault's files; 0 where the kernel does not tell.
    vault_inodes: int
    disk: int

    def per_ticket(self, few: "Weight", what: str) -> float:
        """Return how much of `what` each ticket added since `few`."""
        more: int = getattr(self, what) - getattr(few, what)
        return more / (self.tickets - few.tickets)


def weigh(pid: int, vault: Path, database: Path) -> Weight:
    """Weigh the process, the vault and the database with its log."""
    numbers = [os.lstat(path) for path in vault.iterdir() if len(path.name) == 32]
    return Weight(
        len(numbers),
        own_memory(pid),
        sum(number.st_blocks * 512 for number in numbers),
        len(numbers) * slab_bytes_per_file(),
        sum(path.stat().st_size for path in database.parent.glob(f"{database.name}*")),
    )


def own_memory(pid: int) -> int:
    """Return a process's anonymous memory in bytes (proc(5), smaps_rollup)."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Anonymous:"):
            return int(line.split()[1]) * 1024
    raise LookupError("the kernel tells no anonymous memory")


def slab_bytes_per_file() -> int:
    """Return the size of an inode and a name of a tmpfs; 0 if we may not read it."""
    try:
        lines = Path("/proc/slabinfo").read_text().splitlines()[2:]
    except OSError:
        return 0
    sizes = {fields[0]: int(fields[3]) for fields in map(str.split, lines)}
    return sum(sizes.get(name, 0) for name in _PER_FILE)
