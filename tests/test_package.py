"""The wheel, used from another folder with nothing of the checkout beside it."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from router.cli import provision
from router.config import new_secrets
from router.simulation.workload import SHIPPED as SIMULATED

SETTINGS = """\
secrets = "secrets.toml"
state_dir = "state"
"""


class Installed:
    """The wheel's content, as pip lays it out, and a folder of somebody who uses it."""

    def __init__(self, site: Path, home: Path) -> None:
        self.site = site
        self.home = home
        environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        # The packages it depends on are those of the tests.
        self._environ = environ | {"PYTHONPATH": str(site), "XDG_STATE_HOME": str(home / "xdg")}

    def run(self, *words: str) -> tuple[int, str, str]:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "router.cli", *words],
            cwd=self.home,
            env=self._environ,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("package")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=provision.TOP, check=True, capture_output=True)
    [wheel] = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as content:
        content.extractall(folder / "site")
    home = folder / "home"
    # Asterisk and the voice are fetched by whoever uses it first: here they are at hand.
    (home / "xdg" / "allo").mkdir(parents=True)
    if (fetched := provision.toolbox(print).root) is not None:
        (home / "xdg" / "allo" / "debian").symlink_to(fetched)
    return Installed(folder / "site", home)


@pytest.fixture(scope="module")
def settings(installed: Installed) -> str:
    agents = [str(number) for number in range(101, 146)]
    (installed.home / "allo.toml").write_text(SETTINGS)
    secrets = installed.home / "secrets.toml"
    secrets.write_text(new_secrets(agents, ["901"]))
    secrets.chmod(0o600)
    return "allo.toml"


def test_it_says_which_it_is(installed: Installed) -> None:
    code, out, err = installed.run("--version")
    assert (code, err) == (0, "")
    assert out.startswith("allo ")


def test_it_carries_its_licence_and_its_types(installed: Installed) -> None:
    [about] = installed.site.glob("allo-*.dist-info")
    assert "License-Expression: EUPL-1.2\n" in (about / "METADATA").read_text()
    assert (about / "licenses" / "LICENSE").read_bytes() == (provision.TOP / "LICENSE").read_bytes()
    assert (installed.site / "router" / "py.typed").is_file()


def test_it_carries_the_pages(installed: Installed) -> None:
    pages = provision.TOP / "router" / "web" / "static"
    files = [path for path in pages.rglob("*") if path.is_file()]
    assert files
    for path in files:
        copy = installed.site / path.relative_to(provision.TOP)
        assert copy.read_bytes() == path.read_bytes()


def test_it_configures_asterisk_and_is_right_by_its_own_check(
    installed: Installed, settings: str
) -> None:
    code, _, err = installed.run("prompts", "--config", settings)
    assert code == 0, err
    code, _, err = installed.run("configure", "--config", settings)
    assert code == 0, err
    assert (installed.home / "state" / "etc" / "pjsip.conf").is_file()
    assert installed.run("check", "--config", settings) == (0, "The configuration is right.\n", "")


def test_it_simulates_a_year(installed: Installed) -> None:
    few = (SIMULATED / "2025.toml").read_text()
    for volume, fewer in ((136_500, 300), (92_400, 200), (20_000, 10)):
        few = few.replace(f" = {volume:_}\n", f" = {fewer}\n")
    (installed.home / "few.toml").write_text(few)
    code, out, err = installed.run("simulate", "--workload", "few.toml", "--json")
    assert code == 0, err
    calls = {one["id"]: one["value"] for one in json.loads(out)["sections"]["calls"]}
    assert 100 < calls["answered/1"] < 600
