"""The way to the running service: every door is opened here, and closed again."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from router.asterisk.configuration import texts
from router.asterisk.toolbox import Toolbox
from router.config import Config
from router.doctor.ami import AmiDoor
from router.doctor.ari import AriDoor
from router.doctor.host import Machine
from router.doctor.http import HttpDoor
from router.doctor.surroundings import Surroundings
from router.errors import Problem

StalePrompts = Callable[[], list[Problem]]


@asynccontextmanager
async def visiting(config: Config, stale_prompts: StalePrompts) -> AsyncIterator[Surroundings]:
    """Open the doors to the service that `config` describes.

    `stale_prompts` returns what is wrong with the prompts' audio.

    Raises:
        ConfigError: If there are no secrets.
    """
    settings = config.asterisk()

    def rendered(modules_dir: Path) -> dict[str, str]:
        tools = Toolbox(None, "", modules_dir, Path("/"))
        return texts(settings, tools, settings.config_dir)

    async with AriDoor(settings) as ari, AmiDoor(settings) as ami:
        yield Surroundings(
            config,
            settings,
            ari,
            ami,
            HttpDoor(config),
            Machine(settings),
            stale_prompts,
            rendered,
        )
