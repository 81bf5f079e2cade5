"""HTTP as its bytes: what a well-behaved client never sends, and every header of the answer."""

import asyncio

PATIENCE_S = 10.0


async def answer_to(request: bytes, host: str, port: int) -> str:
    """Send `request`; return the whole answer, at the end of the connection."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(request)
        async with asyncio.timeout(PATIENCE_S):
            return (await reader.read()).decode()
    finally:
        writer.close()


def get(path: str) -> bytes:
    """A request after whose answer the connection ends."""
    return f"GET {path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n".encode()
