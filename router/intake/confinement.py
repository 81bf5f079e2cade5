"""Shuts this process in: what it holds in memory reaches no file and no other process.

There is no core dump (RLIMIT_CORE, and PR_SET_DUMPABLE, which also keeps our own user's
debuggers out), no swap where the system lets us lock memory, and no life without the router:
prctl(2), mlockall(2).
"""

import ctypes
import os
import resource
import signal
from contextlib import suppress

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_MCL_CURRENT, _MCL_FUTURE, _MCL_ONFAULT = 1, 2, 4


def shut_in(parent: int) -> None:
    """Shut the process in; `parent` is the router's process id."""
    libc = ctypes.CDLL(None, use_errno=True)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)  # the router died before this was set
    # With a limit on locked memory, allocations beyond it would fail altogether.
    if (
        os.geteuid() == 0
        or resource.getrlimit(resource.RLIMIT_MEMLOCK)[1] == resource.RLIM_INFINITY
    ):
        with suppress(ValueError, OSError):
            infinite = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
            resource.setrlimit(resource.RLIMIT_MEMLOCK, infinite)
            libc.mlockall(_MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT)
    # A terminal's Ctrl-C and systemd's stop reach us as well, but the router says when to go.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
