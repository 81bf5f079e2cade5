"""The scene of a healthy service: files made once, copied for each test."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from router.config import Config, load
from tests.doctor.scene import NOW, Scene, write_files, write_state
from tests.probe.sip_server import sip_server

#: Some port: each test's own takes its place.
_PORT = 5066


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Config:
    folder = tmp_path_factory.mktemp("deployment")
    write_files(folder, _PORT)
    config = load(folder / "allo.toml")
    (folder / "state").mkdir(mode=0o750)
    write_state(config)
    return config


def moved(config: Config, folder: Path, probe_port: int) -> Config:
    """Return the configuration of the copy in `folder`."""
    settings = config.settings
    assert settings.secrets is not None
    return replace(
        config,
        settings=replace(
            settings,
            file=folder / "allo.toml",
            plan=folder / settings.plan.name,
            agents=folder / settings.agents.name,
            secrets=folder / settings.secrets.name,
            state_dir=folder / "state",
            prompts_dir=folder / "prompts",
            asterisk=replace(settings.asterisk, probe_port=probe_port),
            callbacks=replace(settings.callbacks, vault_dir=folder / "vault"),
        ),
    )


def age(folder: Path) -> None:
    """Let every file be older than the processes that have read it."""
    for path in folder.rglob("*"):
        if not path.is_symlink():
            os.utime(path, (NOW - 86_400, NOW - 86_400))


@asynccontextmanager
async def healthy(deployment: Config, folder: Path) -> AsyncIterator[Scene]:
    """A healthy service, its files in `folder`, which is made."""
    assert deployment.settings.file is not None
    source = deployment.settings.file.parent
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("state"))
    async with sip_server() as server:
        config = moved(deployment, folder, server.port)
        (folder / "state").mkdir(mode=0o750)
        write_state(config)
        age(folder)
        yield Scene(config, server)


@pytest.fixture
async def scene(deployment: Config, tmp_path: Path) -> AsyncIterator[Scene]:
    async with healthy(deployment, tmp_path / "etc") as scene:
        yield scene
