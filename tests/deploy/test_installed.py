"""The program as it is laid: it speaks of itself, and goes by /etc/allo."""

import os
import subprocess
import sys

import pytest

from router.asterisk.install import laid_toolbox
from router.errors import SetupError
from tests.deploy.image import Image


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    image = Image(tmp_path_factory.mktemp("installed"))
    with pytest.MonkeyPatch.context() as patch:
        # The image has no programs of its own to start.
        patch.setattr("router.deploy.running.System.compile", lambda self, lib: None)
        patch.setattr("router.deploy.running.System.render_prompts", lambda self: iter(()))
        image.install()
    return image


def allo(image: Image, *words: str) -> "subprocess.CompletedProcess[str]":
    """Start what /usr/bin/allo starts, with this very Python's packages."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "router.cli", *words],
        env={
            **os.environ,
            "PYTHONPATH": str(image.at("/usr/lib/allo")),
            "PYTHONDONTWRITEBYTECODE": "1",
            "ALLO_CONFIG": str(image.at("/etc/allo/allo.toml")),
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_its_help_is_of_the_installed_command(image: Image) -> None:
    shown = allo(image, "--help")
    assert shown.stdout.startswith("Usage: allo [OPTIONS]")
    assert "./allo" not in allo(image, "replay", "--help").stdout


def test_it_goes_by_its_settings_without_being_told(image: Image) -> None:
    shown = allo(image, "code", "F1234")
    assert shown.returncode == 0, shown.stderr
    assert len(shown.stdout.split()) == 4
    told = allo(image, "check").stderr  # there is no audio, and no /var/lib/allo
    assert "allo.toml: state_dir" in told or "manifest" in told or "prompts" in told


def test_what_is_missing_is_not_fetched_but_named(
    image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("router.asterisk.install.system_has", lambda name: False)
    with pytest.raises(SetupError, match=r"asterisk, sox cannot be found, neither in .*/asterisk"):
        laid_toolbox(image.at("/usr/lib/allo/asterisk"), ("asterisk", "sox"))
    monkeypatch.setattr("router.asterisk.install.system_has", lambda name: True)
    assert laid_toolbox(image.at("/usr/lib/allo/asterisk"), ("sox",)).root is None
