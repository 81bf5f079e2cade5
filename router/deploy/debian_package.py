"""A Debian package of the program, by Debian's own dpkg-deb.

It carries all that the service needs: Asterisk and the voice, the Python packages for the Pythons
of Debian 12 and 13, and the shipped plan's prompts. So nothing is fetched when it is installed, and
one package serves both releases, a machine that is upgraded from one to the other included.

Its maintainer scripts (`deploy/debian/`) run `allo install`.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from router import places
from router.asterisk.programs import OLDEST_ASTERISK, dotted
from router.asterisk.toolbox import receipt
from router.deploy.layout import Ground
from router.deploy.program import Source, deploy_file, program
from router.errors import SetupError

SCRIPTS = ("postinst", "prerm", "postrm")

#: What Debian's minimal system may lack of what our programs and Python packages load. Python 3.12
#: is no Debian release's.
DEPENDS = (
    "python3 (>= 3.11)",
    "python3 (<< 3.12) | python3 (>= 3.13)",
    "python3 (<< 3.14)",
    "libc6 (>= 2.36)",
    "libgcc-s1",
    "libstdc++6",
    "passwd",
    "util-linux",
)
_DESCRIPTION = """\
 answers a public phone number: router, Asterisk and prompts
 Callers hear French prompts, give the access code of a web page or choose a
 domain by keys, wait in one queue ordered by promise, and talk to an
 informateur of the right domain, or are called back. It drives an Asterisk of
 its own, which lives beside that of /etc/asterisk.
 .
 Settings are in /etc/allo; `systemctl start allo.target` starts it."""


def control(version: str, architecture: str, installed_kb: int, *, with_asterisk: bool) -> str:
    """Return the package's control file."""
    depends = [*DEPENDS]
    if not with_asterisk:
        depends.append(f"asterisk (>= 1:{dotted(OLDEST_ASTERISK)})")
    return "\n".join(
        [
            "Package: allo",
            f"Version: {version}",
            f"Architecture: {architecture}",
            "Maintainer: whoever built it <root@localhost>",
            f"Installed-Size: {installed_kb}",
            f"Depends: {', '.join(depends)}",
            "Recommends: logrotate, systemd",
            "Section: comm",
            "Priority: optional",
            f"Description:{_DESCRIPTION}",
            "",
        ]
    )


def build(
    source: Source,
    version: str,
    architecture: str,
    output: Path,
    moment: int,
    say: Callable[[str], None],
) -> Path:
    """Write `allo_<version>_<architecture>.deb` into the folder `output`; return its path.

    Every file in it is of `moment`, in seconds since 1970: the same content gives the same package.

    Raises:
        SetupError: If dpkg-deb is missing or fails.
        DiskError: If there is no room.
    """
    if shutil.which("dpkg-deb") is None:
        raise SetupError("dpkg-deb is missing", "Build the package on Debian.")
    target = output / f"allo_{version}_{architecture}.deb"
    with places.writing(output):
        output.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".allo-package-", dir=output) as folder:
            stage = Path(folder) / "stage"
            stage.mkdir(mode=0o755)
            size = _lay(source, Ground(stage), moment)
            _write_control(source, stage, version, architecture, size // 1024)
            say(f"packing {size // 1_000_000} MB")
            _pack(stage, target, moment)
    return target


def _lay(source: Source, ground: Ground, moment: int) -> int:
    """Lay the program below a folder; return its size in bytes."""
    size = 0
    for thing in program(source):
        thing.lay(ground)
        size += thing.size()
    for folder, _, names in os.walk(ground.root, topdown=False):
        for name in (*names, "."):
            os.utime(Path(folder) / name, (moment, moment), follow_symlinks=False)
    return size


def _write_control(
    source: Source, stage: Path, version: str, architecture: str, installed_kb: int
) -> None:
    folder = stage / "DEBIAN"
    folder.mkdir(mode=0o755)
    root = source.toolbox.root
    with_asterisk = root is not None and "asterisk" in receipt(root)
    text = control(version, architecture, installed_kb, with_asterisk=with_asterisk)
    (folder / "control").write_text(text, encoding="utf-8")
    for name in SCRIPTS:
        shutil.copyfile(deploy_file(f"debian/{name}"), folder / name)
        (folder / name).chmod(0o755)


def _pack(stage: Path, target: Path, moment: int) -> None:
    beside = target.with_name(f".{target.name}")
    # zstd: xz would take minutes for a few per cent. Debian 12's dpkg reads both.
    words = ["dpkg-deb", "--root-owner-group", "-Zzstd", "--build", str(stage), str(beside)]
    done = subprocess.run(
        words,
        env={**os.environ, "SOURCE_DATE_EPOCH": str(moment), "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        beside.unlink(missing_ok=True)
        reason = (done.stderr.strip().splitlines() or ["it says nothing"])[-1]
        raise SetupError(f"dpkg-deb failed: {reason}", "Make room on the disk, then start again.")
    beside.rename(target)
