"""HTTP as bytes: for what no well-behaved client sends, and for every header of an answer."""

import asyncio

PATIENCE_S = 10.0


async def answer_to(request: bytes, host: str, port: int) -> str:
    """Send `request`, and return everything that comes back until the connection ends."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(request)
        async with asyncio.timeout(PATIENCE_S):
            return (await reader.read()).decode()
    finally:
        writer.close()


def get(path: str) -> bytes:
    """Return a request after whose answer the connection ends."""
    return f"GET {path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n".encode()
