"""What is in a file besides its bytes: what is compressed, and digits that are logged singly.

gzip, bzip2, xz and zip are unpacked by the standard library, zstd by the system's own libzstd
(every Debian has it, for dpkg). Digits logged singly are those of prompts that were played one
after another, and of keys that were pressed one by one.
"""

import bz2
import ctypes
import ctypes.util
import gzip
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import cache

Content = bytes | memoryview

#: How deep to unpack what is packed in something packed: no log is deeper.
_DEEPEST = 3
_PROMPT = re.compile(rb"pair-([0-9]{2})")
_KEY = re.compile(rb"""(?:digit|key|Signal)["'=: ]{1,6}([0-9])(?![0-9])""", re.IGNORECASE)


def expanded(
    data: Content, place: str, left_out: dict[str, str], depth: int = 0
) -> Iterator[tuple[str, Content]]:
    """Yield the content under the name "", and what is in it under " (gzip)" and so on.

    What cannot be unpacked goes to `left_out` with the reason.
    """
    yield "", data
    if depth == 0:
        for what, pattern in ((" (prompts)", _PROMPT), (" (keys)", _KEY)):
            if spelt := b"".join(pattern.findall(data)):
                yield what, spelt
    if depth == _DEEPEST:
        return
    for magic, kind, unpack in _PACKED:
        if data[: len(magic)] != magic:
            continue
        try:
            parts = unpack(bytes(data))
        except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError) as error:
            left_out[f"{place} ({kind})"] = f"cannot be unpacked: {error}"
            continue
        for name, part in parts:
            for inner, content in expanded(part, place, left_out, depth + 1):
                yield f" ({kind}{name}){inner}", content


Parts = list[tuple[str, bytes]]


def _alone(unpack: Callable[[bytes], bytes]) -> Callable[[bytes], Parts]:
    return lambda data: [("", unpack(data))]


def _ungzip(data: bytes) -> bytes:
    """Unpack as far as possible: a log that is being written has no end yet."""
    try:
        return gzip.decompress(data)
    except EOFError:
        return zlib.decompressobj(31).decompress(data)


def _unzip(data: bytes) -> Parts:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return [(f" {name}", archive.read(name)) for name in archive.namelist()]
    except (zipfile.BadZipFile, RuntimeError) as error:
        raise ValueError(str(error)) from None


class _Stretch(ctypes.Structure):
    """ZSTD_inBuffer and ZSTD_outBuffer of zstd.h."""

    _fields_ = (("at", ctypes.c_void_p), ("size", ctypes.c_size_t), ("done", ctypes.c_size_t))


@cache
def libzstd() -> ctypes.CDLL | None:
    """Return the system's zstd, if there is one."""
    name = ctypes.util.find_library("zstd")
    if name is None:
        return None
    library = ctypes.CDLL(name)
    library.ZSTD_createDStream.restype = ctypes.c_void_p
    library.ZSTD_freeDStream.argtypes = [ctypes.c_void_p]
    library.ZSTD_decompressStream.restype = ctypes.c_size_t
    library.ZSTD_decompressStream.argtypes = [
        *(ctypes.c_void_p, ctypes.POINTER(_Stretch), ctypes.POINTER(_Stretch)),
    ]
    library.ZSTD_isError.argtypes = [ctypes.c_size_t]
    return library


def _unzstd(data: bytes) -> bytes:
    library = libzstd()
    if library is None:
        raise ValueError("there is no libzstd here")
    room = ctypes.create_string_buffer(1 << 17)
    source = ctypes.create_string_buffer(data, len(data))
    given = _Stretch(ctypes.cast(source, ctypes.c_void_p), len(data), 0)
    stream = library.ZSTD_createDStream()
    unpacked = bytearray()
    try:
        while True:
            got = _Stretch(ctypes.cast(room, ctypes.c_void_p), len(room), 0)
            left = library.ZSTD_decompressStream(stream, ctypes.byref(got), ctypes.byref(given))
            if library.ZSTD_isError(left):
                raise ValueError("damaged")
            unpacked += room.raw[: got.done]
            if given.done == len(data) and got.done < len(room):
                return bytes(unpacked)
    finally:
        library.ZSTD_freeDStream(stream)


_PACKED: tuple[tuple[bytes, str, Callable[[bytes], Parts]], ...] = (
    (b"\x1f\x8b", "gzip", _alone(_ungzip)),
    (b"BZh", "bzip2", _alone(bz2.decompress)),
    (b"\xfd7zXZ\x00", "xz", _alone(lzma.decompress)),
    (b"\x28\xb5\x2f\xfd", "zstd", _alone(_unzstd)),
    (b"PK\x03\x04", "zip", _unzip),
)
