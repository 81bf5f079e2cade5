"""A machine to try the set-up on: its programs, its apt and its mirror are made up."""

import shutil
import subprocess
from pathlib import Path

import pytest

from router.asterisk.install import ensure_toolbox
from router.asterisk.toolbox import Toolbox

TOOLS = ("dpkg-deb", "tar", "sh", "cat", "cp", "touch")

# Stands for the C library's loader: drops `--library-path PATH` and runs the program.
LOADER = '#!/bin/sh\nshift 2\nexec "$@"\n'

# Answers like apt-get, with what the test has put into the folder `apt` beside it.
APT_GET = """#!/bin/sh
apt=@APT@
echo "$*" >>"$apt/calls"
case "$*" in
    *'--print-uris update') cat "$apt/sources" ;;
    *' update') cat "$apt/update" && [ ! -e "$apt/update-fails" ] ;;
    *'--print-uris '*) cat "$apt/uris" ;;
    *' download '*) cp "$apt"/archives/*.deb . ;;
esac
"""


def write_program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


#: How each program states its version.
SAYS = {
    "asterisk": "Asterisk {}",
    "sipp": " SIPp v{}-TLS-SCTP-PCAP.",
    "espeak-ng": "eSpeak NG text-to-speech: {}  Data at: /data",
    "sox": "sox:      SoX_ng v{}",
}
RECENT = {"asterisk": "22.11.0", "sipp": "3.8.0", "espeak-ng": "1.52.0", "sox": "14.7.1.2"}


def write_tool(folder: Path, name: str, version: str = "") -> None:
    """Write a program `name` that states its version and does nothing else."""
    text = SAYS[name].format(version or RECENT[name])
    write_program(folder / name, f"#!/bin/sh\necho '{text}'\n")


class Host:
    """A machine with nothing but dpkg, and an apt-get whose answers the test writes."""

    def __init__(self, top: Path) -> None:
        self.home = top / ".allo"
        self.bin = top / "bin"
        self.apt = top / "apt"
        self.said: list[str] = []
        (self.apt / "archives").mkdir(parents=True)
        self.bin.mkdir()
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool) or pytest.skip(f"needs {tool}"))
        write_program(self.bin / "dpkg", "#!/bin/sh\necho amd64\n")
        write_program(self.bin / "apt-get", APT_GET.replace("@APT@", str(self.apt)))
        (self.apt / "sources").write_text(
            "'http://mirror.test/secure/dists/any-security/InRelease' x 0 \n"
            "'http://mirror.test/debian/dists/any/InRelease' x 0 \n"
            "'http://mirror.test/debian/dists/any/main/binary-amd64/Packages.xz' x 0 \n"
        )
        (self.apt / "update").touch()
        (self.apt / "uris").write_text(
            "'http://mirror.test/pool/asterisk_22_all.deb' asterisk_22_all.deb 2000000 SHA256:0\n"
            "'http://mirror.test/pool/perl-base_5_all.deb' perl-base_5_all.deb 9000000 SHA256:0\n"
        )
        self.package("Asterisk 22.10.1~dfsg")

    def package(self, version: str) -> None:
        """Put the package `asterisk` on the mirror, with the other programs inside."""
        tree = self.apt / "tree"
        libraries = tree / "usr/lib/x86_64-linux-gnu"
        write_program(libraries / "ld-linux-x86-64.so.2", LOADER)
        write_program(libraries / "asterisk/modules/res_ari.so", "")
        write_program(tree / "usr/sbin/asterisk", f"#!/bin/sh\necho '{version}'\n")
        for program in ("sipp", "espeak-ng", "sox"):
            write_tool(tree / "usr/bin", program)
        (tree / "usr/bin/sox").chmod(0o4755)
        (tree / "DEBIAN").mkdir(exist_ok=True)
        (tree / "DEBIAN/control").write_text(
            "Package: asterisk\nVersion: 22\nArchitecture: all\nDescription: a test\n"
            "Maintainer: Nobody <nobody@example.org>\n"
        )
        archive = self.apt / "archives/asterisk_22_all.deb"
        subprocess.run(["dpkg-deb", "-b", tree, archive], check=True, capture_output=True)

    def calls(self) -> list[str]:
        calls = self.apt / "calls"
        return calls.read_text().splitlines() if calls.exists() else []

    def ensure(self) -> Toolbox:
        return ensure_toolbox(self.home, self.said.append)
