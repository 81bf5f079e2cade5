"""The composition root, as far as it can be told without Asterisk."""

import shutil
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from router import logs
from router.clock import Clock
from router.service.service import Service
from tests.intake.scene import Asterisk, Office, RouterWeb, Scene


async def test_numbers_kept_out_of_the_log_come_to_the_metrics(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setattr(logs, "_leaks", 0)
    async with Asterisk().running() as asterisk:
        clock = Clock()
        scene = Scene(tmp_path, Office(clock), asterisk, RouterWeb())
        request.addfinalizer(lambda: shutil.rmtree(scene.vault_dir))
        service = Service(scene.config(), clock)
        request.addfinalizer(service._store.close)
        request.addfinalizer(service._locks.close)
        application: web.Application = service._application
        async with TestClient(TestServer(application)) as client:
            for _ in range(2):
                logs.leaked()
                told = await (await client.get("/metrics")).text()
    assert "allo_log_leaks_total 2.0" in told
