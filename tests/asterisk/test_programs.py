"""How programs state their versions, and which of the system's programs will do."""

import pytest

from router.asterisk.programs import version_in
from tests.asterisk.host import SAYS, Host, write_program, write_tool


@pytest.mark.parametrize(
    ("name", "found", "oldest"),
    [
        ("sipp", "3.6.1", "3.8.0"),  # Debian 12's, with which calls are silent
        ("sipp", "3.7.3", "3.8.0"),  # Debian 13's
        ("espeak-ng", "1.49.2", "1.51.0"),
        ("sox", "14.3.2", "14.4.2"),
    ],
)
def test_an_old_program_of_the_system_is_named_and_replaced(
    host: Host, name: str, found: str, oldest: str
) -> None:
    for program in SAYS:
        write_tool(host.bin, program)
    write_tool(host.bin, name, found)

    toolbox = host.ensure()

    assert toolbox.command(name)[-1].startswith(str(host.home))
    assert host.said[0] == (
        f"{host.bin / name} is version {found}: {oldest} or later is needed, "
        "so a private copy is laid out"
    )


def test_a_program_of_the_system_without_a_version_is_replaced(host: Host) -> None:
    for program in SAYS:
        write_tool(host.bin, program)
    write_program(host.bin / "sipp", "#!/bin/sh\nexit 1\n")

    assert host.ensure().command("sipp")[-1].startswith(str(host.home))
    assert "sipp does not state a version we know: 3.8.0 or later is needed" in host.said[0]


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("Asterisk 22.10.1~dfsg+~cs6.15.60671435-1\n", (22, 10, 1)),
        ("Asterisk 23.0.0", (23, 0, 0)),
        ("Asterisk certified-22.8-cert2", None),
        ("Asterisk GIT-22-1a2b3c4", None),
        ("", None),
    ],
)
def test_version_in(said: str, version: tuple[int, int, int] | None) -> None:
    assert version_in(said) == version
