"""The service's HTTP interface: by its public address, and on the router's own socket."""

import os

import aiohttp

from router.config import Config
from router.doctor.findings import Finding, Unseen, fault
from router.doctor.surroundings import Page
from router.intake.proxy import SOCKET_NAME

#: What an answer may take.
PATIENCE = aiohttp.ClientTimeout(total=4.0)
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}


class HttpDoor:
    """The pages."""

    def __init__(self, config: Config) -> None:
        self._config = config
        http = config.settings.http
        host = _EVERYWHERE.get(http.host, http.host)
        self._address = f"[{host}]:{http.port}" if ":" in host else f"{host}:{http.port}"

    async def public(self, path: str) -> Page:
        """Return what the public address answers."""
        try:
            return await self._get(f"http://{self._address}{path}", None)
        except TimeoutError:
            raise Unseen(
                fault(
                    "intake-frozen",
                    f"HTTP, {self._address}",
                    "nothing answers there although somebody listens: the intake hangs",
                    "Restart the router, which starts a new intake; callbacks asked for are kept.",
                )
            ) from None
        except (aiohttp.ClientError, OSError):
            raise Unseen(
                fault(
                    "intake-away",
                    f"HTTP, {self._address}",
                    "nobody listens there: no page, no callback can be asked for",
                    "See the router's log for why its intake does not start.",
                )
            ) from None

    async def router(self, path: str, token: str = "") -> Page:
        """Return what the router itself answers, to whoever presents the token."""
        try:
            return await self._on_socket(path, token)
        except TimeoutError:
            raise Unseen(
                self._away("router-frozen", "the router does not answer: it hangs")
            ) from None
        except (aiohttp.ClientError, OSError):
            raise Unseen(
                self._away(
                    "router-away", "no router runs with these settings: callers hear the apology"
                )
            ) from None

    async def _on_socket(self, path: str, token: str) -> Page:
        folder = os.open(self._config.settings.state_dir, os.O_RDONLY | os.O_DIRECTORY)
        try:
            # By the folder's descriptor: a socket's own path must be short (unix(7)).
            socket = f"/proc/self/fd/{folder}/{SOCKET_NAME}"
            return await self._get(f"http://router{path}", socket, token)
        finally:
            os.close(folder)

    async def _get(self, url: str, socket: str | None, token: str = "") -> Page:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        connector = aiohttp.UnixConnector(socket) if socket else aiohttp.TCPConnector()
        async with (
            aiohttp.ClientSession(connector=connector, timeout=PATIENCE) as session,
            session.get(url, headers=headers) as answer,
        ):
            return Page(answer.status, await answer.text(), dict(answer.headers))

    def _away(self, name: str, wrong: str) -> Finding:
        settings = self._config.settings
        remedy = f"./allo run --config {settings.file}, or start its unit; see its log."
        return fault(name, str(settings.state_dir), wrong, remedy)
