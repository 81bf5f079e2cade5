"""The composition root, as far as it can be told without Asterisk."""

import shutil
import tempfile
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from router import logs
from router.clock import Clock
from router.service.service import Service
from tests.intake.scene import AriStub, intake_config


async def test_numbers_kept_out_of_the_log_come_to_the_metrics(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    vault_dir = Path(tempfile.mkdtemp(dir="/dev/shm", prefix="allo-test-"))
    request.addfinalizer(lambda: shutil.rmtree(vault_dir))
    before = logs.leaks()
    async with AriStub().running() as asterisk:
        service = Service(intake_config(tmp_path, asterisk.port, vault_dir=vault_dir), Clock())
        async with TestClient(TestServer(service.application)) as client:
            for _ in range(2):
                logs.leaked()
                told = await (await client.get("/metrics")).text()
        await service.close()
    assert f"allo_log_leaks_total {before + 2:.1f}" in told
