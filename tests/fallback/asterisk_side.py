"""Asterisk's side of FastAGI, as res_agi.c has it (contract: tests/real/test_gap_calls.py)."""

import asyncio
import socket
from collections.abc import Callable

#: What Asterisk says of each call, beside the verb and its arguments (res_agi.c, setup_env).
ABOUT = (
    ("agi_network", "yes"),
    ("agi_request", "agi://127.0.0.1/{verb}"),
    ("agi_channel", "PJSIP/trunk-00000001"),
    ("agi_language", "fr"),
    ("agi_type", "PJSIP"),
    ("agi_uniqueid", "allo-1-1795424400.1"),
    ("agi_version", "22.10.1"),
    ("agi_callerid", "{number}"),
    ("agi_calleridname", "{number}"),
    ("agi_callingpres", "0"),
    ("agi_callingani2", "0"),
    ("agi_callington", "0"),
    ("agi_callingtns", "0"),
    ("agi_dnid", "{number}"),
    ("agi_rdnis", "{number}"),
    ("agi_context", "caller"),
    ("agi_extension", "{number}"),
    ("agi_priority", "1"),
    ("agi_enhanced", "0.0"),
    ("agi_accountcode", "{number}"),
    ("agi_threadid", "1"),
)

#: A command in, the answer out; None: the connection is closed.
Answering = Callable[[str], str | None]


def request(verb: str, *words: str, number: str = "unknown") -> bytes:
    """Return what Asterisk sends to begin with."""
    lines = [("agi_network_script", verb), *ABOUT]
    lines += [(f"agi_arg_{place}", word) for place, word in enumerate(words, 1)]
    text = "".join(f"{name}: {value}\n" for name, value in lines)
    return (text.format(verb=verb, number=number) + "\n").encode()


def obeys(command: str) -> str:
    """Answer as if every command were carried out, and no key pressed."""
    return "200 result=0"


def free_port() -> int:
    """Return a TCP port of loopback that nothing holds."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


async def call(
    port: int, verb: str, *words: str, answering: Answering = obeys, number: str = "unknown"
) -> list[str]:
    """Ask a verb; return the commands that came back, until the other side ends it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    commands: list[str] = []
    try:
        writer.write(request(verb, *words, number=number))
        while line := await reader.readline():
            commands.append(line.decode().removesuffix("\n"))
            answer = answering(commands[-1])
            if answer is None:
                break
            writer.write(f"{answer}\n".encode())
    except ConnectionError:
        pass
    finally:
        writer.close()
    return commands


def variables(commands: list[str]) -> dict[str, str]:
    """Return what SET VARIABLE set."""
    told: dict[str, str] = {}
    for command in commands:
        if command.startswith("SET VARIABLE "):
            name, _, value = command.removeprefix("SET VARIABLE ").partition(" ")
            told[name] = value.strip('"')
    return told
