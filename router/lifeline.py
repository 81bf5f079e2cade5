"""Ties a child process to us: however we end, even by SIGKILL, the kernel ends it too."""

import os

# Sets the tie (prctl(2), PR_SET_PDEATHSIG), then checks that we were still alive when it was set:
# nothing would ever end the child of a parent that had died just before.
_TIE = ("setpriv", "--pdeathsig", "KILL")
_UNLESS_ORPHAN = 'test "$PPID" = "$0" && exec "$@"'


def tied_to_us(*command: str) -> tuple[str, ...]:
    """Return the command that runs `command` for no longer than we live.

    Start it as a child of this very process, from a thread that lives as long as the child may:
    to the kernel, the parent is that thread. The process becomes that of `command`, under the same
    id. Needs setpriv (util-linux, on every Debian).
    """
    return (*_TIE, "sh", "-c", _UNLESS_ORPHAN, str(os.getpid()), *command)
