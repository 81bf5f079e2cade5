"""A headless Chromium, driven over its DevTools protocol: the browser is the only dependency."""

import asyncio
import base64
import json
import os
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp

from tests import page_tools

#: How long the browser's start, or an expected change of a page, may take, in seconds.
PATIENCE_S = 20.0

_FLAGS = (
    *("--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-dev-shm-usage", "--remote-debugging-port=0"),
)
#: Keys that tests press -> how the protocol describes them.
_KEYS: dict[str, dict[str, Any]] = {
    "Tab": {"code": "Tab", "windowsVirtualKeyCode": 9},
    "Enter": {"code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"},
    " ": {"code": "Space", "windowsVirtualKeyCode": 32, "text": " "},
    "Escape": {"code": "Escape", "windowsVirtualKeyCode": 27},
    "ArrowDown": {"code": "ArrowDown", "windowsVirtualKeyCode": 40},
    "ArrowUp": {"code": "ArrowUp", "windowsVirtualKeyCode": 38},
    "ArrowLeft": {"code": "ArrowLeft", "windowsVirtualKeyCode": 37},
    "ArrowRight": {"code": "ArrowRight", "windowsVirtualKeyCode": 39},
    "Home": {"code": "Home", "windowsVirtualKeyCode": 36},
    "End": {"code": "End", "windowsVirtualKeyCode": 35},
}
_SHIFT, _CONTROL = 8, 2


@contextmanager
def running() -> Iterator[str]:
    """Run Chromium, fetched if there is none; yield the address of its DevTools websocket.

    Raises:
        SetupError: If there is no Chromium on this machine, and none can be fetched.
    """
    program = page_tools.chromium()
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    # Chromium goes on writing its profile while it ends.
    with TemporaryDirectory(prefix="allo-chromium-", ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [program, *_FLAGS, *sandbox, f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield _address(Path(profile) / "DevToolsActivePort", process)
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


def _address(file: Path, process: subprocess.Popen[bytes]) -> str:
    ends_at = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends_at and process.poll() is None:
        lines = file.read_text().splitlines() if file.exists() else []
        if len(lines) == 2:
            return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
        time.sleep(0.02)
    raise TimeoutError("chromium does not start")


@asynccontextmanager
async def page(browser: str, scripts: str) -> AsyncIterator["Page"]:
    """Open a page; `scripts` run in each of its documents, before the document's own."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(browser, max_msg_size=0) as socket,
    ):
        opened = Page(socket)
        await opened.open()
        await opened.before_scripts(scripts)
        await opened.look()
        yield opened
        await opened.close()


class Page:
    """A page in a context of its own, which shares no storage with another test's."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._session = ""
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._loaded = asyncio.Event()
        self._reader = asyncio.create_task(self._read())
        #: Requests made, as "METHOD address".
        self.requests: list[str] = []
        #: Errors and warnings on the console; answers with an error status do not count.
        self.errors: list[str] = []

    async def open(self) -> None:
        """Open it; nothing else may be asked before."""
        context = (await self.call("Target.createBrowserContext"))["browserContextId"]
        target = await self.call("Target.createTarget", url="about:blank", browserContextId=context)
        attached = await self.call(
            "Target.attachToTarget", targetId=target["targetId"], flatten=True
        )
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            await self.call(f"{domain}.enable")

    async def close(self) -> None:
        await self.call("Page.close")
        self._reader.cancel()

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of the browser: https://chromedevtools.github.io/devtools-protocol/."""
        number = len(self._answers)
        self._answers[number] = asyncio.get_running_loop().create_future()
        message = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        await self._socket.send_json(message)
        answer = await asyncio.wait_for(self._answers[number], PATIENCE_S)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        result: dict[str, Any] = answer["result"]
        return result

    async def before_scripts(self, source: str) -> None:
        """Run `source` in every document from now on, before its own scripts."""
        await self.call("Page.addScriptToEvaluateOnNewDocument", source=source)

    async def goto(self, address: str) -> None:
        await self._load("Page.navigate", url=address)

    async def reload(self) -> None:
        await self._load("Page.reload")

    async def js(self, expression: str) -> Any:
        """Return the value of `expression`, awaited if it is a promise."""
        answer = await self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in answer:
            raise AssertionError(answer["exceptionDetails"]["exception"]["description"])
        return answer["result"].get("value")

    async def until(self, expression: str) -> None:
        """Wait until `expression` is true."""
        ends_at = time.monotonic() + PATIENCE_S
        while time.monotonic() < ends_at:
            try:
                if await self.js(f"Boolean({expression})"):
                    return
            except (RuntimeError, AssertionError):
                pass  # between two documents
            await asyncio.sleep(0.02)
        shown = await self.js("document.body.innerText + (globalThis.said?.('section') ?? '')")
        raise AssertionError(f"never true: {expression}\n{shown}\n{self.requests}\n{self.errors}")

    async def press(self, key: str, *, shift: bool = False, control: bool = False) -> None:
        """Press and release a key; one that writes does so."""
        modifiers = (_SHIFT if shift else 0) | (_CONTROL if control else 0)
        described = _KEYS.get(key) or {"windowsVirtualKeyCode": ord(key.upper()), "text": key}
        known = {"key": key, "modifiers": modifiers, **described}
        if control:
            known.pop("text", None)
        await self.call("Input.dispatchKeyEvent", type="keyDown", **known)
        await self.call("Input.dispatchKeyEvent", type="keyUp", **known)

    async def type(self, text: str) -> None:
        await self.call("Input.insertText", text=text)

    async def look(
        self,
        width: int = 1280,
        height: int = 900,
        *,
        dark: bool = False,
        calm: bool = False,
        zone: str = "Europe/Paris",
    ) -> None:
        """Set the size of the screen, the user's preferences, and the time zone."""
        await self.call("Emulation.setTimezoneOverride", timezoneId=zone)
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        features = [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce" if calm else "no-preference"},
        ]
        await self.call("Emulation.setEmulatedMedia", features=features)

    async def without_scripts(self) -> None:
        await self.call("Emulation.setScriptExecutionDisabled", value=True)

    async def zoom(self, times: float) -> None:
        """Make everything larger, as by the browser's own zoom."""
        await self.call("Emulation.setPageScaleFactor", pageScaleFactor=1)
        width = int(1280 / times)
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=int(900 / times),
            deviceScaleFactor=times,
            mobile=False,
        )

    async def offline(self, *, off: bool) -> None:
        """Cut the network, or give it back."""
        await self.call(
            "Network.emulateNetworkConditions",
            offline=off,
            latency=0,
            downloadThroughput=-1,
            uploadThroughput=-1,
        )

    async def picture(self) -> bytes:
        """Return a picture of the whole page, as PNG."""
        shot = await self.call("Page.captureScreenshot", captureBeyondViewport=True)
        return base64.b64decode(shot["data"])

    async def _load(self, method: str, **params: Any) -> None:
        self._loaded.clear()
        await self.call(method, **params)
        await asyncio.wait_for(self._loaded.wait(), PATIENCE_S)

    async def _read(self) -> None:
        async for message in self._socket:
            told = json.loads(message.data)
            if "id" in told:
                self._answers[told["id"]].set_result(told)
            else:
                self._note(told["method"], told["params"])

    def _note(self, event: str, params: dict[str, Any]) -> None:
        match event:
            case "Page.loadEventFired":
                self._loaded.set()
            case "Network.requestWillBeSent":
                request = params["request"]
                self.requests.append(f"{request['method']} {request['url']}")
            case "Runtime.exceptionThrown":
                self.errors.append(json.dumps(params["exceptionDetails"]))
            case "Runtime.consoleAPICalled" if params["type"] in ("error", "warning"):
                self.errors.append(json.dumps(params["args"]))
            case "Log.entryAdded" if params["entry"]["source"] != "network":
                self.errors.append(params["entry"]["text"])
