"""What pages use of others' work, bundled: JsSIP, of which the phone in the browser is made.

The bundle is part of the checkout, so that npm is needed for nothing but to change it:
`python -m tests.web.vendored` writes it anew, from the packages of package-lock.json.
"""

import json
import subprocess
from pathlib import Path

from router.web.page_files import FOLDER
from tests.page_tools import packages, tool

VENDOR = FOLDER / "vendor"
#: The package and what it brings along.
_PACKAGES = ("jssip", "debug", "events", "ms", "sdp-transform")
_NOTE = "/*! JsSIP {version}, bundled by esbuild, under the MIT licence: see jssip.txt. */"


def bundle() -> bytes:
    """Return JsSIP as one ES module, minified, with a note of its licence."""
    words = [
        str(tool("esbuild")),
        *("--bundle", "--minify", "--format=esm", "--target=es2022", "--legal-comments=none"),
        f"--banner:js={_NOTE.format(version=_version('jssip'))}",
    ]
    return subprocess.run(
        words,
        cwd=packages().parent,
        input=b'export { UA } from "jssip";\n',
        capture_output=True,
        check=True,
    ).stdout


def licences() -> str:
    """Return the licences of all that is in the bundle."""
    return "\n\n".join(f"{one} {_version(one)}\n\n{_licence(one)}" for one in _PACKAGES) + "\n"


def _version(package: str) -> str:
    described = json.loads((packages() / package / "package.json").read_text(encoding="utf-8"))
    return str(described["version"])


def _licence(package: str) -> str:
    [file] = (one for one in (packages() / package).iterdir() if _is_licence(one))
    lines = file.read_text(encoding="utf-8").splitlines()
    return "\n".join(line.rstrip() for line in lines).strip()


def _is_licence(file: Path) -> bool:
    return file.stem.lower() == "license"


if __name__ == "__main__":
    VENDOR.mkdir(exist_ok=True)
    (VENDOR / "jssip.js").write_bytes(bundle())
    (VENDOR / "jssip.txt").write_text(licences(), encoding="utf-8")
