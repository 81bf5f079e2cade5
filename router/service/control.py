"""The control socket: commands on this machine ask the running router, and hear its answer.

One request a connection, a word and a line end; the answer is a JSON object. Only the router's own
user, and root, can open the socket.
"""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from router.errors import SetupError

SOCKET_NAME = "control.sock"
#: A request is shorter than this.
_LONGEST = 100
#: How long a command may take to be heard, and to be answered: the files are read, and Asterisk
#: asked.
_PATIENCE_S = 5.0
_ANSWER_S = 120.0

#: What answers each word.
Answers = Mapping[str, Callable[[], Awaitable[Mapping[str, Any]]]]


async def serve(listening: socket.socket, answers: Answers) -> asyncio.Server:
    """Answer at the control socket, which is listening, until the server is closed."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, TimeoutError, ValueError):  # whoever asked has gone, or asks nothing
            async with asyncio.timeout(_PATIENCE_S):
                word = (await reader.readline()).decode(errors="replace").strip()
            answering = answers.get(word)
            said = {"unknown": word} if answering is None else await answering()
            writer.write(orjson.dumps(said))
            await writer.drain()
        writer.close()

    return await asyncio.start_unix_server(answer, sock=listening, limit=_LONGEST)


def ask(state_dir: Path, word: str) -> Mapping[str, Any]:
    """Ask the router that has this state folder.

    Raises:
        SetupError: If none runs there, or it does not answer.
    """
    try:
        folder = os.open(state_dir, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise _nobody(state_dir, error) from None
    try:
        with socket.socket(socket.AF_UNIX) as asking:
            asking.settimeout(_ANSWER_S)
            # By the folder's descriptor: a socket's own path must be short (unix(7)).
            asking.connect(f"/proc/self/fd/{folder}/{SOCKET_NAME}")
            asking.sendall(f"{word}\n".encode())
            heard = b""
            while piece := asking.recv(65536):
                heard += piece
    except OSError as error:
        raise _nobody(state_dir, error) from None
    finally:
        os.close(folder)
    if not heard:
        raise SetupError("the router ended before it answered", "See its log.")
    answer: Mapping[str, Any] = orjson.loads(heard)
    if "unknown" in answer:
        raise SetupError(f'the router does not know "{word}"', "Restart it: it is older than this.")
    return answer


def _nobody(state_dir: Path, error: OSError) -> SetupError:
    if isinstance(error, PermissionError):
        return SetupError(
            f"the router in {state_dir} is another user's", "Ask as that user, or as root."
        )
    if isinstance(error, TimeoutError):
        return SetupError("the router does not answer", "See its log.")
    return SetupError(
        f"no router runs in {state_dir}",
        "Name the settings that it was started with (--config FILE), or start it: it then reads "
        "everything anew.",
    )
