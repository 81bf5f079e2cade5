"""The programs that we drive: the oldest release of each that will do, and the system's own."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass

Version = tuple[int, int, int]

# The first release of the 22 series with the two ARI fixes of 2026 (GHSA-vrfp-mg3q-3959: variable
# writes bypassing live_dangerously; GHSA-wcvv-g26m-wx5c: read-only users writing).
OLDEST_ASTERISK = (22, 10, 1)


@dataclass(frozen=True, slots=True)
class Requirement:
    """The oldest release of a program that we can use, and how the program states its version."""

    oldest: Version
    #: The option that makes it print its version.
    option: str
    #: A regular expression for the words that precede the number there.
    says: str

    def version_in(self, text: str) -> Version | None:
        """Return the version that the program's output names; None if it names no release."""
        found = re.search(rf"{self.says}(\d+)\.(\d+)(?:\.(\d+))?", text)
        return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else None

    def version_of(self, command: list[str]) -> Version | None:
        """Run the program and return its version; None if it does not start or names none."""
        return self.version_in(output_of([*command, self.option]))


REQUIREMENTS = {
    "asterisk": Requirement(OLDEST_ASTERISK, "-V", "^Asterisk "),
    # Up to 3.7.3, the one in Debian 13, [next_url] is empty without rrs: the ACK is addressed to
    # nobody, and Asterisk drops the silent call after 32 s.
    "sipp": Requirement((3, 8, 0), "-v", "SIPp v"),
    # The oldest that prompts have been rendered with: the one in Debian 12.
    "espeak-ng": Requirement((1, 51, 0), "--version", "text-to-speech: "),
    "sox": Requirement((14, 4, 2), "--version", "SoX(?:_ng)? v"),
}

# Where Asterisk is installed, and ordinary users' PATH does not look.
SBIN = ":/usr/local/sbin:/usr/sbin"


def system_program(name: str) -> str | None:
    """Return the path of the system's own program; None if there is none."""
    return shutil.which(name, path=os.environ.get("PATH", os.defpath) + SBIN)


def system_has(name: str) -> bool:
    """Return whether the system has the program in a release that will do."""
    return system_program(name) is not None and unfit(name) is None


def unfit(name: str) -> str | None:
    """Say why the system's own `name` will not do; None if it will, or is not installed."""
    program = system_program(name)
    if program is None:
        return None
    required = REQUIREMENTS[name]
    version = required.version_of([program])
    if version is not None and version >= required.oldest:
        return None
    found = f"is version {dotted(version)}" if version else "does not state a version we know"
    return f"{program} {found}: {dotted(required.oldest)} or later is needed"


def version_in(text: str) -> Version | None:
    """Return (22, 10, 1) from the output of `asterisk -V`; None if it names no release."""
    return REQUIREMENTS["asterisk"].version_in(text)


def dotted(version: Version) -> str:
    """Return the version as people write it, for instance "22.10.1"."""
    return ".".join(map(str, version))


def output_of(words: list[str]) -> str:
    """Return what a command prints; nothing if it does not start."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout
