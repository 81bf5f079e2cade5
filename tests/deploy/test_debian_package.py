"""The Debian package: its control data, its scripts, and what is in it."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from router import places
from router.deploy import debian_package
from router.deploy.debian_package import SCRIPTS, build, control
from router.deploy.packages import DEBIAN_MINORS
from router.errors import SetupError
from tests.deploy.image import Image

MOMENT = 1_790_000_000
FOLDER = places.TOP / "deploy" / "debian"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return two packages of the same small checkout, and of the same moment."""
    if shutil.which("dpkg-deb") is None:
        pytest.skip("needs dpkg-deb: Debian")
    folder = tmp_path_factory.mktemp("package")
    image = Image(folder)
    (image.asterisk / "receipt.json").write_text(json.dumps({"asterisk": "22.10.1"}))
    packages = []
    for name in ("one", "two"):
        os.utime(image.packages / "one.txt", None)
        output = folder / name
        packages.append(build(image.source, "1.2.3", "amd64", output, MOMENT, image.said.append))
    return packages[0], packages[1]


def field(package: Path, name: str) -> str:
    done = subprocess.run(
        ["dpkg-deb", "--field", package, name], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_the_control_data(built: tuple[Path, Path]) -> None:
    package, _ = built
    assert package.name == "allo_1.2.3_amd64.deb"
    assert field(package, "Package") == "allo"
    assert field(package, "Version") == "1.2.3"
    assert field(package, "Architecture") == "amd64"
    assert int(field(package, "Installed-Size")) > 1000
    assert "python3 (>= 3.11)" in field(package, "Depends")
    assert "asterisk" not in field(package, "Depends")  # it has its own


def test_without_an_asterisk_of_its_own_it_needs_debian_s() -> None:
    text = control("1", "amd64", 1, with_asterisk=False)
    assert re.search(r"^Depends: .*, asterisk \(>= 1:22\.10\.1\)$", text, re.MULTILINE)
    assert all(line == line.rstrip() for line in text.splitlines())


def test_every_python_that_it_is_made_for_satisfies_it() -> None:
    depends = ", ".join(debian_package.DEPENDS)
    assert min(DEBIAN_MINORS) == 11
    assert max(DEBIAN_MINORS) == 13
    for bound in ("python3 (>= 3.11)", "python3 (<< 3.14)"):
        assert bound in depends


def test_it_holds_the_program_and_no_file_of_the_admin_s(built: tuple[Path, Path]) -> None:
    listed = subprocess.run(
        ["dpkg-deb", "--contents", built[0]], capture_output=True, text=True, check=True
    ).stdout
    paths = {line.split()[5] for line in listed.splitlines()}
    assert {
        "./usr/bin/allo",
        "./usr/lib/allo/router/cli/app.py",
        "./usr/lib/allo/asterisk/receipt.json",
        "./usr/lib/systemd/system/allo-router.service",
        "./usr/share/doc/allo/copyright",
    } <= paths
    assert all(path.startswith(("./usr/", "./")) for path in paths)
    assert not [path for path in paths if path.startswith(("./etc", "./var", "./run"))]
    assert not [path for path in paths if "__pycache__" in path]
    assert {line.split()[1] for line in listed.splitlines()} == {"root/root"}


def test_the_same_content_gives_the_same_package(built: tuple[Path, Path]) -> None:
    one, two = built
    assert one.read_bytes() == two.read_bytes()


def test_without_debian_s_tools_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    image = Image(tmp_path)
    with pytest.raises(SetupError, match="dpkg-deb is missing"):
        build(image.source, "1", "amd64", tmp_path / "out", MOMENT, image.said.append)


def test_what_dpkg_deb_refuses_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    image = Image(tmp_path)
    with pytest.raises(SetupError, match="dpkg-deb failed"):
        build(image.source, "not a version", "amd64", tmp_path / "out", MOMENT, image.said.append)
    assert [*(tmp_path / "out").iterdir()] == []


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_is_sound(name: str) -> None:
    text = (FOLDER / name).read_text()
    assert text.startswith("#!/bin/sh\n")
    assert "\nset -e\n" in text
    subprocess.run(["sh", "-n", FOLDER / name], check=True)


def test_upgraded_nothing_is_stopped() -> None:
    """Calls go on: only a removal stops the service."""
    prerm = (FOLDER / "prerm").read_text()
    upgrade = prerm[prerm.index("    upgrade)") :]
    assert "systemctl" not in upgrade
    assert "systemctl stop" not in (FOLDER / "postinst").read_text()
