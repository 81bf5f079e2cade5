"""A child that is tied to its parent: real processes, killed."""

import os
import select
import subprocess
import sys

from router.cli import provision
from router.lifeline import tied_to_us

PARENT = """
import subprocess, sys
from router.lifeline import tied_to_us
child = subprocess.Popen(tied_to_us("sleep", "60"))
print(child.pid, flush=True)
child.wait()
"""
PATIENCE_S = 30


def test_it_ends_with_a_parent_that_is_killed() -> None:
    words = [sys.executable, "-c", PARENT]
    environment = {**os.environ, "PYTHONPATH": str(provision.TOP)}
    with subprocess.Popen(words, stdout=subprocess.PIPE, env=environment) as parent:
        assert parent.stdout is not None
        watch = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()
    try:
        assert select.select([watch], [], [], PATIENCE_S)[0] == [watch]
    finally:
        os.close(watch)


def test_the_process_becomes_the_command_with_its_own_words() -> None:
    words = ("a word", "$HOME", "")
    print_all = "import os, sys; print(os.getpid(), sys.argv[1:])"
    command = tied_to_us(sys.executable, "-c", print_all, *words)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.communicate()[0] == f"{child.pid} {list(words)}\n"
    assert child.returncode == 0


def test_it_does_not_start_if_its_parent_died_before_it_was_tied() -> None:
    """By then it is the child of somebody else, here of a shell."""
    shell = ("sh", "-c", '"$@"; exit $?', "sh")
    done = subprocess.run([*shell, *tied_to_us("echo", "begun")], capture_output=True, check=False)
    assert done.returncode != 0
    assert done.stdout == b""
