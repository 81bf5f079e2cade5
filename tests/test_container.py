"""The container image, built without a Docker engine: buildah, on a base laid out by mmdebstrap.

On request only (`./allo test -m container`): it fetches a Debian and takes minutes, 2 GB of
disk, and root. What this machine tells apt and pip about mirrors and proxies is handed on to
the build from outside; the Dockerfile knows nothing of it.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from router.asterisk import debian

pytestmark = pytest.mark.container

TOP = Path(__file__).parents[1]
BASE = "localhost/allo-test-base"
IMAGE = "localhost/allo-test"

# Settings of apt that say how to reach a mirror, and not what to fetch from it.
REACH = re.compile(r"Acquire::(http|https|ftp|Check-|Retries|ForceIPv|Max-|Proxy)", re.IGNORECASE)


class Buildah:
    """buildah with its storage below `top`, so that nothing is left on the machine."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.policy = top / "policy.json"
        self.policy.write_text('{"default": [{"type": "insecureAcceptAnything"}]}')

    def run(self, *words: str | Path, check: bool = True) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            ["buildah", "--root", self.top / "storage", "--runroot", self.top / "run", *words],
            env=os.environ | {"STORAGE_DRIVER": "vfs", "BUILDAH_ISOLATION": "chroot"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert not check or done.returncode == 0, f"{words}\n{done.stdout[-2000:]}{done.stderr}"
        return done

    def command(self, *words: str | Path) -> str:
        return self.run(*words).stdout.strip()


def lay_out_base(tarball: Path) -> None:
    """Write a minimal Debian, with the host's way to its mirror inside."""
    dump = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True)
    settings = [line for line in dump.stdout.splitlines() if REACH.match(line)]
    suite = os.environ.get("ALLO_DEBIAN_SUITE") or debian.SUITE
    options = [f"--aptopt={line.rstrip(';')}" for line in settings]
    mirrors = debian.mirrors()[:1]
    command = ["mmdebstrap", "--quiet", "--variant=apt", *options, suite, str(tarball), *mirrors]
    subprocess.run(command, check=True)


def pip_volumes(folder: Path) -> list[str]:
    """Return the volumes that give pip in the build the configuration it has here."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    )
    settings = dict(
        re.findall(r"^(?:global|:env:)\.(\S+)='(.*)'$", listed.stdout, flags=re.MULTILINE)
    )
    volumes = [f"{folder / 'pip.conf'}:/etc/pip.conf:ro"]
    for key, value in settings.items():
        for word in value.split():
            path = Path(word.removeprefix("file://"))
            if not path.is_absolute() or not path.exists():
                continue
            if path.is_file():  # not where it lies here: the build has a folder of that name
                settings[key] = value = value.replace(word, f"/opt/{path.name}")
                volumes.append(f"{path}:/opt/{path.name}:ro")
            else:
                # An index refers to files beside it.
                path = path.parent if word.startswith("file:") else path
                volumes.append(f"{path}:{path}:ro")
    lines = [f"{key} = {value}\n" for key, value in settings.items()]
    (folder / "pip.conf").write_text("".join(["[global]\n", *lines]))
    return list(dict.fromkeys(volumes))


@pytest.fixture(scope="module")
def buildah(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Buildah]:
    for tool in ("buildah", "mmdebstrap"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    top = tmp_path_factory.mktemp("container")
    buildah = Buildah(top)
    try:
        build(buildah)
        yield buildah
    finally:
        buildah.run("rm", "--all", check=False)
        shutil.rmtree(top, ignore_errors=True)


def build(buildah: Buildah) -> None:
    """Build the image on a base of its own."""
    top = buildah.top
    lay_out_base(top / "base.tar")
    base = buildah.command("from", "scratch")
    buildah.run("add", base, top / "base.tar", "/")
    buildah.run("commit", "--signature-policy", buildah.policy, "--rm", base, BASE)
    (top / "base.tar").unlink()
    options = ["--format=docker", "--isolation=chroot", "--network=host", "--pull-never"]
    options += [f"--volume={volume}" for volume in pip_volumes(top)]
    options += [f"--signature-policy={buildah.policy}", f"--build-arg=BASE={BASE}"]
    buildah.run("bud", *options, f"--tag={IMAGE}", TOP)


@pytest.fixture(scope="module")
def image(buildah: Buildah) -> dict[str, Any]:
    """What an engine reads from the image."""
    described = json.loads(buildah.command("inspect", "--type", "image", IMAGE))
    config: dict[str, Any] = described["Docker"]["config"]
    return config


@pytest.fixture(scope="module")
def container(buildah: Buildah) -> str:
    return buildah.command("from", "--pull-never", "--signature-policy", buildah.policy, IMAGE)


def test_what_an_engine_is_told(image: dict[str, Any]) -> None:
    assert image["User"] == "970"
    assert image["StopSignal"] == "SIGTERM"
    assert image["Healthcheck"]["Test"][0] == "CMD"
    assert image["Cmd"] == ["run", "--config", "/etc/allo/allo.toml"]
    assert "8039/tcp" in image["ExposedPorts"]


def test_the_command_line_runs_as_an_ordinary_user(
    buildah: Buildah, image: dict[str, Any], container: str
) -> None:
    assert buildah.command("run", container, "--", "id", "-u") == "970"
    assert "--config" in buildah.command(
        "run", container, "--", *image["Entrypoint"], "run", "--help"
    )
    # Every module of the service is there, and a missing configuration is one sentence.
    missing = buildah.run("run", container, "--", *image["Entrypoint"], *image["Cmd"], check=False)
    assert missing.returncode != 0
    assert "allo.toml: cannot be read" in missing.stderr
    assert "Traceback" not in missing.stderr


def test_the_code_cannot_be_changed_from_inside(buildah: Buildah, container: str) -> None:
    done = buildah.run("run", container, "--", "touch", "/opt/allo/router/cli.py", check=False)
    assert done.returncode != 0


def test_prompts_can_be_rendered(buildah: Buildah, container: str) -> None:
    script = "espeak-ng -v fr -w s.wav 'Bonjour' && sox s.wav -r 8000 -e a-law s.al && wc -c <s.al"
    assert int(buildah.command("run", container, "--", "sh", "-c", script)) > 2000


def test_the_health_check(buildah: Buildah, image: dict[str, Any], container: str) -> None:
    class Healthy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/healthz" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Healthy) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        # The build shares the machine's network: another port than the service's own.
        port = server.server_port
        check = [word.replace("8039", str(port)) for word in image["Healthcheck"]["Test"][1:]]
        assert buildah.run("run", container, "--", *check, check=False).returncode == 0
        server.shutdown()
    assert buildah.run("run", container, "--", *check, check=False).returncode != 0
