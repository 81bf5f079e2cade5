"""The pages' files: what is served, with which policy, and how much of it."""

import gzip
import re
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from router.web.page_files import CONTENT_SECURITY_POLICY, FOLDER, PageFiles
from tests.web.desk_scene import Client

#: All pages together, compressed.
LARGEST_BYTES = 150_000

INDEX = b'<!doctype html><html lang="fr"><title>Poste</title></html>'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in (("index.html", INDEX), ("poste.js", b"1;"), ("types.d.ts", b"let x")):
        (tmp_path / "poste").mkdir(exist_ok=True)
        (tmp_path / "poste" / name).write_bytes(content)
    (tmp_path / "secret.js").write_text("outside of any folder")
    return tmp_path


async def ask(folder: Path, path: str) -> tuple[int, str, bytes, dict[str, str]]:
    app = web.Application()
    app.add_routes(PageFiles(folder).routes())
    async with TestClient(TestServer(app)) as client, client.get(path) as answer:
        return answer.status, answer.content_type, await answer.read(), dict(answer.headers)


async def test_a_folder_with_an_index_is_a_page(folder: Path) -> None:
    status, kind, body, headers = await ask(folder, "/poste")
    assert (status, kind, body) == (200, "text/html", INDEX)
    assert headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert headers["Cache-Control"] == "no-cache"
    assert headers["Referrer-Policy"] == "no-referrer"


async def test_its_files_are_below_static(folder: Path) -> None:
    status, kind, body, headers = await ask(folder, "/static/poste/poste.js")
    assert (status, kind, body) == (200, "text/javascript", b"1;")
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize(
    "path",
    [
        "/static/poste/types.d.ts",
        "/static/poste/nothing.js",
        "/static/poste",
        "/static/poste/../secret.js",
        "/static/poste/%2e%2e%2fsecret.js",
        "/static/../page_files.py",
        "/shared",
    ],
)
async def test_nothing_else_is_served(folder: Path, path: str) -> None:
    assert (await ask(folder, path))[0] == 404


async def test_the_router_serves_them(desks: Client) -> None:
    answer = await desks.get("/static/shared/design.css")
    assert (answer.status, answer.content_type) == (200, "text/css")
    assert await answer.text() == (FOLDER / "shared" / "design.css").read_text()


def test_the_policy_lets_in_nothing_in_the_markup() -> None:
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert CONTENT_SECURITY_POLICY.startswith("default-src 'none'; script-src 'self'; ")
    assert not re.search(r"https?:|wss?:|\*|data:|blob:", CONTENT_SECURITY_POLICY)


def test_pages_are_light() -> None:
    weights = {name: len(file.zipped) for name, file in PageFiles().files.items()}
    assert sum(weights.values()) < LARGEST_BYTES, weights


def test_what_is_weighed_is_what_is_sent() -> None:
    for file in PageFiles().files.values():
        assert gzip.decompress(file.zipped) == file.body


#: Script, style or a handler in the markup, which the policy would stop.
IN_MARKUP = r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)"
#: What would be loaded from another place than ours.
FROM_ELSEWHERE = r"""(?:src|href)="[^"]*//|url\(|@import|(?:from|import)\s*\(?["'][^."']"""


def test_markup_has_no_script_style_or_handler_in_it() -> None:
    for path in FOLDER.rglob("*.html"):
        assert re.findall(IN_MARKUP, path.read_text()) == [], path


def test_nothing_is_loaded_from_elsewhere() -> None:
    paths = [
        path
        for path in FOLDER.rglob("*")
        if path.suffix in (".html", ".css", ".js") and path.parent.name != "vendor"
    ]
    assert paths
    for path in paths:
        assert re.findall(FROM_ELSEWHERE, path.read_text()) == [], path


@pytest.mark.parametrize(
    ("pattern", "source"),
    [
        (IN_MARKUP, "<script>run()</script>"),
        (IN_MARKUP, '<p style="color: red">'),
        (IN_MARKUP, '<p onclick="run()">'),
        (FROM_ELSEWHERE, '<script src="https://cdn.example.org/x.js"></script>'),
        (FROM_ELSEWHERE, 'import { x } from "jssip";'),
        (FROM_ELSEWHERE, "background: url(picture.png)"),
    ],
)
def test_what_is_not_ours_would_be_seen(pattern: str, source: str) -> None:
    assert re.search(pattern, source)
