"""Where the programs are: the system's, or those of a private tree of unpacked Debian packages.

Programs of a private tree are started through the C library's loader in that tree, so that they
use the libraries beside them and none of the host's.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from router.asterisk.programs import REQUIREMENTS, dotted, system_program
from router.errors import SetupError

# The data that modules and configurations refer to: rest-api, documentation, moh, sounds.
_DATA_DIR = Path("usr/share/asterisk")
#: In a complete tree: the programs it was made for, with their versions.
RECEIPT = "receipt.json"


@dataclass(frozen=True, slots=True)
class Toolbox:
    """The programs beside the router, from the system or from a private Debian tree."""

    #: The private tree, or None if every program is the system's.
    root: Path | None
    #: As `asterisk -V` states it, for instance "22.10.1"; "" without an Asterisk.
    asterisk_version: str
    #: The folder of Asterisk's modules (`*.so`): `astmoddir` in asterisk.conf.
    modules_dir: Path
    #: The distribution's data: rest-api, documentation, moh, sounds (`astdatadir`).
    data_dir: Path

    def command(self, name: str) -> list[str]:
        """Return the words that start program `name`; the caller appends its arguments.

        Raises:
            SetupError: If neither the private tree nor the system has it.
        """
        if self.root is not None and (private := private_command(self.root, name)):
            return private
        found = system_program(name)
        if found is None:
            raise SetupError(f"{name} is not installed", "Start ./allo demo, which installs it.")
        return [found]

    def environment(self, name: str) -> dict[str, str]:
        """Return the variables that program `name` needs on top of the caller's environment."""
        if self.root is None or _private_program(self.root, name) is None:
            return {}
        libraries = _libraries(self.root)
        # Character sets are loaded at run time and belong to the C library they came with.
        variables = {"GCONV_PATH": str(libraries / "gconv")}
        if name == "espeak-ng":
            variables["ESPEAK_DATA_PATH"] = str(libraries)
        return variables


def toolbox_of(tree: Path) -> Toolbox:
    """Return a toolbox of the private programs in `tree`, if any, and otherwise the system's."""
    private = receipt(tree)
    root = tree if private else None
    if "asterisk" in private:
        return Toolbox(
            root, private["asterisk"], _libraries(tree) / "asterisk/modules", tree / _DATA_DIR
        )
    program = system_program("asterisk")
    found = REQUIREMENTS["asterisk"].version_of([program]) if program else None
    top = Path("/usr")
    folders = [*top.glob("lib/*/asterisk/modules"), top / "lib/asterisk/modules"]
    modules = next((folder for folder in folders if (folder / "res_ari.so").is_file()), folders[-1])
    data = Path("/", _DATA_DIR)
    # Built from source rather than packaged by Debian, Asterisk keeps its data with its state.
    return Toolbox(
        root,
        dotted(found) if found else "",
        modules,
        data if data.is_dir() else Path("/var/lib/asterisk"),
    )


def receipt(tree: Path) -> dict[str, str]:
    """Return program -> version for a complete private tree; nothing if there is none."""
    try:
        written: dict[str, str] = json.loads((tree / RECEIPT).read_text())
    except (FileNotFoundError, PermissionError):
        return {}
    return written


def missing_modules(toolbox: Toolbox, wanted: Iterable[str]) -> list[str]:
    """Return which of the `wanted` modules ("res_ari.so") this Asterisk was built without."""
    return [name for name in wanted if not (toolbox.modules_dir / name).is_file()]


def private_command(root: Path, name: str) -> list[str] | None:
    """Return the words that start the program of the tree `root`; None if it has none."""
    program = _private_program(root, name)
    if program is None:
        return None
    libraries = _libraries(root)
    # libpulse, which espeak-ng and sox are linked with, keeps part of itself in a subfolder.
    path = f"{libraries}:{libraries / 'pulseaudio'}"
    return [str(_loader(root)), "--library-path", path, str(program)]


def _libraries(root: Path) -> Path:
    """Return the tree's folder of libraries, which is named after the machine's architecture."""
    return _loader(root).parent


def _loader(root: Path) -> Path:
    return next(root.glob("usr/lib/*-linux-gnu*/ld-linux*.so.*"))


def _private_program(root: Path, name: str) -> Path | None:
    found = (root / folder / name for folder in ("usr/bin", "usr/sbin"))
    return next((path for path in found if path.exists()), None)
