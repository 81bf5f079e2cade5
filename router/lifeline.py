"""Ties a child process to us: however we end, SIGKILL included, the kernel ends it too."""

import os

# Sets the tie (prctl(2), PR_SET_PDEATHSIG), then looks whether we still were there when it was
# set: nothing would ever end the child of a parent that had died just before.
_TIE = ("setpriv", "--pdeathsig", "KILL")
_UNLESS_ORPHAN = 'test "$PPID" = "$0" && exec "$@"'


def tied_to_us(*command: str) -> tuple[str, ...]:
    """Return the command that runs `command` for no longer than we live.

    Start it as a child of this very process, from a thread that lives as long as the child may:
    the kernel goes by the thread. The process that is started becomes that of `command`, with
    the same id. (util-linux, on every Debian.)
    """
    return (*_TIE, "sh", "-c", _UNLESS_ORPHAN, str(os.getpid()), *command)
