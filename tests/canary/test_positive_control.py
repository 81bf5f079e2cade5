"""The scan finds a number wherever it is and however it is written.

Each is planted by other means than the scan's own: the standard library's codecs, digests,
databases and archives. One form at a place, and one place of every kind.
"""

import base64
import bz2
import ctypes
import gzip
import hashlib
import hmac
import io
import json
import lzma
import os
import random
import socket
import sqlite3
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.canary.expanded import libzstd
from tests.canary.forms import Needle, canaries, grouped, needles, writings
from tests.canary.scan import Scanned, Scanner

KEYS = {"a secret": b"the key of these tests, 32 bytes"}
TICKET = "kDJ3f0_hWb7tq-TzX1Vn5cQeRy8aLmGs"
#: Planted in turn.
NUMBERS = canaries(60, seed=11)
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
DRAWN = random.Random(12).randbytes(1 << 16)

Plant = Callable[[str], bytes]


def planted(codec: Callable[[str], bytes], *, of: str = "+33") -> Plant:
    return lambda canary: codec(writings(canary)[of])


def digest(name: str, *, of: str, raw: bool = False) -> Plant:
    def made(canary: str) -> bytes:
        found = hashlib.new(name, writings(canary)[of].encode())
        return found.digest() if raw else found.hexdigest().encode()

    return made


def keyed(name: str, *, of: str, cut: int = 64) -> Plant:
    [key] = KEYS.values()
    return lambda canary: (
        hmac.new(key, writings(canary)[of].encode(), name).hexdigest()[:cut].encode()
    )


def bcd(text: str, *, swapped: bool) -> bytes:
    digits = [int(one) for one in text.lstrip("+")]
    if len(digits) % 2:
        digits.append(15)
    pairs = zip(digits[::2], digits[1::2], strict=True)
    return bytes(low << 4 | high if swapped else high << 4 | low for high, low in pairs)


def as_rows(canary: str) -> bytes:
    """Return the bytes of a database that holds the number as an integer."""
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE t (n INTEGER)")
    database.execute("INSERT INTO t VALUES (?)", (int(f"33{canary[1:]}"),))
    database.commit()
    return database.serialize()


def as_prompts(canary: str) -> bytes:
    """An Asterisk that complains of every prompt that it cannot play."""
    lines = [f"WARNING: Playback failed for sound:allo/pair-{p}" for p in grouped(canary).split()]
    return "\n".join(lines).encode()


def as_keys(canary: str) -> bytes:
    events = [{"type": "ChannelDtmfReceived", "digit": key, "ms": 80} for key in canary]
    return "\n".join(map(json.dumps, events)).encode()


FORMS: dict[str, Plant] = {
    "0x": planted(str.encode, of="0x"),
    "+33": planted(str.encode),
    "33": planted(str.encode, of="33"),
    "0033": planted(str.encode, of="0033"),
    "a dialled number": lambda canary: f"PJSIP/33{canary[1:]}@trunk".encode(),
    "spaced": lambda canary: grouped(canary).encode(),
    "spaced, +33": lambda canary: f"+33 {grouped(canary)[1:]}".encode(),
    "dotted": lambda canary: grouped(canary, ".").encode(),
    "hyphenated": lambda canary: grouped(canary, "-").encode(),
    "no-break": lambda canary: grouped(canary, "\u00a0").encode(),
    "narrow no-break": lambda canary: grouped(canary, "\u202f").encode(),
    "no-break, latin-1": lambda canary: grouped(canary, "\u00a0").encode("latin-1"),
    "no-break, JSON": lambda canary: json.dumps(grouped(canary, "\u00a0")).encode(),
    "by threes": lambda canary: f"{canary[:4]} {canary[4:7]} {canary[7:]}".encode(),
    "a list of keys": lambda canary: json.dumps(list(canary)).encode(),
    "a tuple of keys": lambda canary: repr(tuple(canary)).encode(),
    "reversed": lambda canary: canary[::-1].encode(),
    "UTF-16 LE": planted(lambda text: text.encode("utf-16-le")),
    "UTF-16 BE": planted(lambda text: text.encode("utf-16-be"), of="0x"),
    "UTF-16, spaced": lambda canary: grouped(canary).encode("utf-16-be"),
    "UTF-32": planted(lambda text: text.encode("utf-32-be"), of="33"),
    "hex": planted(lambda text: text.encode().hex().encode(), of="0x"),
    "hex of UTF-16": planted(lambda text: text.encode("utf-16-le").hex().upper().encode()),
    "hex dump": planted(lambda text: text.encode().hex(" ").encode()),
    **{
        f"base64, offset {offset}": lambda canary, offset=offset: base64.b64encode(  # type: ignore[misc]
            b"xyz"[:offset] + canary.encode() + b"and more"
        )
        for offset in range(3)
    },
    "base64 of JSON": lambda canary: base64.b64encode(json.dumps({"phone": canary}).encode()),
    "basic authorization": lambda canary: base64.b64encode(f"+33{canary[1:]}:x".encode()),
    "URL": planted(lambda text: quote(text).encode()),
    "URL, spaced": lambda canary: quote(grouped(canary)).encode(),
    "URL, every byte": lambda canary: b"".join(b"%%%02x" % one for one in canary.encode()),
    "a form": lambda canary: grouped(canary, "+").encode(),
    "BCD": planted(lambda text: bcd(text, swapped=False), of="0x"),
    "BCD, nibbles swapped": planted(lambda text: bcd(text, swapped=True), of="0x"),
    "BCD, 33": planted(lambda text: bcd(text, swapped=False)),
    "BCD, 33, nibbles swapped": planted(lambda text: bcd(text, swapped=True)),
    "int 64": planted(lambda text: struct.pack("<Q", int(text))),
    "float": planted(lambda text: struct.pack("<d", float(text)), of="0x"),
    "SQLite's integer": as_rows,
    **{f"{name} of +33": digest(name, of="+33") for name in ("sha256", "sha1", "md5")},
    **{f"{name} of 0x": digest(name, of="0x", raw=True) for name in ("sha256", "sha1", "md5")},
    "SHA-256 of 33, base64": lambda canary: base64.b64encode(
        hashlib.sha256(f"33{canary[1:]}".encode()).digest()
    ),
    "HMAC": keyed("sha256", of="+33"),
    "HMAC, cut": keyed("sha256", of="0x", cut=16),
    "HMAC-SHA-1": keyed("sha1", of="33"),
    "six digits beside the ticket": lambda canary: (
        f'{{"ticket":"{TICKET}","x":"…{canary[-6:]}"}}'.encode()
    ),
    "Arabic digits": planted(lambda text: text.translate(ARABIC).encode(), of="0x"),
    "prompts, one a line": as_prompts,
    "keys, one a line": as_keys,
    "gzip": lambda canary: gzip.compress(f"a log line with {canary}\n".encode() * 3),
    "gzip, cut short": lambda canary: gzip.compress(canary.encode() + DRAWN)[:4000],
    "gzip of UTF-16": lambda canary: gzip.compress(canary.encode("utf-16")),
    "bzip2": lambda canary: bz2.compress(grouped(canary).encode()),
    "xz": lambda canary: lzma.compress(grouped(canary).encode()),
    "zip": lambda canary: zipped("a/log", canary.encode()),
    "zip of gzip": lambda canary: zipped("log.gz", gzip.compress(canary.encode())),
    "zstd": lambda canary: zstd(f"a log line with {canary}\n".encode() * 9),
}


PACKED = {"gzip", "gzip, cut short", "gzip of UTF-16", "bzip2", "xz", "zip", "zip of gzip", "zstd"}


def zipped(name: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return file.getvalue()


def zstd(content: bytes) -> bytes:
    library = libzstd()
    if library is None:
        pytest.skip("there is no libzstd here")
    library.ZSTD_compress.restype = ctypes.c_size_t
    room = ctypes.create_string_buffer(len(content) + 1024)
    size = library.ZSTD_compress(
        room, ctypes.c_size_t(len(room)), content, ctypes.c_size_t(len(content)), 5
    )
    return room.raw[:size]


@pytest.fixture(scope="module")
def scanner() -> Scanner:
    all_ = (needle for number in NUMBERS for needle in needles(number, KEYS))
    return Scanner(all_, {TICKET: number_for("six digits beside the ticket")})


def number_for(form: str) -> str:
    return NUMBERS[list(FORMS).index(form) % len(NUMBERS)]


def found(scanned: Scanned) -> set[str]:
    """Return the numbers that were found; everything must have been scanned."""
    assert scanned.left_out == {}
    return {hit.canary for hit in scanned.hits}


@pytest.mark.fault
@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_found(scanner: Scanner, form: str) -> None:
    number = number_for(form)
    assert found(scanner.in_bytes(FORMS[form](number), "here")) == {number}


@pytest.mark.fault
@pytest.mark.parametrize("form", [form for form in FORMS if form not in PACKED])
def test_every_form_is_found_among_others(scanner: Scanner, form: str) -> None:
    """At any alignment, and across the borders of the pieces that are read."""
    number = number_for(form)
    planted = FORMS[form](number)
    for at in (1, 2, 3, (1 << 18) - 5, (1 << 18) + 3):
        noise = DRAWN * 5
        content = noise[:at] + planted + noise[at:]
        assert found(scanner.in_bytes(content, "here")) == {number}, at


def test_nothing_is_found_where_nothing_is(scanner: Scanner) -> None:
    lines = "".join(
        json.dumps({"service_time": 1795424420.806 + n, "call": f"allo-1-{1795562898 + n}.{n}"})
        for n in range(5000)
    )
    for content in (b"", b"\0" * 100_000, DRAWN, lines.encode(), TICKET.encode()):
        assert found(scanner.in_bytes(content, "here")) == set()


def test_six_digits_count_beside_their_own_ticket_only(scanner: Scanner) -> None:
    own = number_for("six digits beside the ticket")
    for other in (own[-6:] + "7", "1" + own[-6:], own[-5:], NUMBERS[-1][-6:]):
        assert found(scanner.in_bytes(f"{TICKET} {other}".encode(), "here")) == set()
    far = f"{TICKET}{'x' * 300}{own[-6:]}"
    assert found(scanner.in_bytes(far.encode(), "here")) == set()


# --- places ------------------------------------------------------------------------------------


@contextmanager
def a_database(folder: Path, canary: str, *, deleted: bool) -> Iterator[None]:
    """With the number in the WAL only, and not even contiguous there."""
    database = sqlite3.connect(folder / "store.sqlite3", isolation_level=None)
    database.execute("PRAGMA journal_mode = wal")
    database.execute("CREATE TABLE t (n)")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.execute("INSERT INTO t VALUES (?)", (canary,))
    if deleted:
        database.execute("DELETE FROM t")
    try:
        yield
    finally:
        database.close()


@contextmanager
def a_removed_file(folder: Path, canary: str) -> Iterator[int]:
    """Open in one of our processes, and in no folder."""
    text = f"import os, sys; f = open({str(folder / 'x')!r}, 'w+'); f.write(input()); f.flush(); "
    with a_process(f"{text}os.unlink(f.name)", canary[:5] + "\0" + canary) as pid:
        yield pid


@contextmanager
def a_process(code: str, said: str = "") -> Iterator[int]:
    """Run Python code with an input until the end of the block."""
    process = subprocess.Popen(
        [sys.executable, "-c", f"{code}\nprint('ready', flush=True)\ninput()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(f"{said}\n")
        process.stdin.flush()
        assert process.stdout.readline() == "ready\n"
        yield process.pid
    finally:
        process.kill()
        process.communicate()


def file_with(folder: Path, canary: str) -> None:
    (folder / "a.log").write_text(f"caller {canary}\n")


def hidden_file(folder: Path, canary: str) -> None:
    (folder / ".cache" / "deep").mkdir(parents=True)
    (folder / ".cache" / "deep" / ".x").write_text(grouped(canary))


def file_name(folder: Path, canary: str) -> None:
    (folder / f"recording-{canary}.wav").touch()


def folder_name(folder: Path, canary: str) -> None:
    (folder / f"33{canary[1:]}").mkdir()


def socket_name(folder: Path, canary: str) -> None:
    here = Path.cwd()
    os.chdir(folder)  # the path of a socket must be short
    try:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(canary)
    finally:
        os.chdir(here)


def link_target(folder: Path, canary: str) -> None:
    (folder / "link").symlink_to(f"/nowhere/{canary}")


def attribute(folder: Path, canary: str) -> None:
    path = folder / "x"
    path.touch()
    try:
        os.setxattr(path, "user.caller", canary.encode())
    except OSError:
        pytest.skip("no extended attributes here")


def modification_time(folder: Path, canary: str) -> None:
    path = folder / "x"
    path.touch()
    os.utime(path, ns=(0, int(f"33{canary[1:]}")))


def packed_log(folder: Path, canary: str) -> None:
    (folder / "a.log.1.gz").write_bytes(gzip.compress(f"caller {canary}\n".encode()))


@pytest.mark.fault
@pytest.mark.parametrize(
    "plant",
    [
        *(file_with, hidden_file, file_name, folder_name, socket_name, link_target, attribute),
        *(packed_log, modification_time),
    ],
)
def test_every_place_of_a_folder_is_looked_at(
    scanner: Scanner, tmp_path: Path, plant: Callable[[Path, str], None]
) -> None:
    plant(tmp_path, NUMBERS[0])
    assert found(scanner.in_folder(tmp_path)) == {NUMBERS[0]}
    assert found(scanner.in_folder(tmp_path, unless=lambda path: path.parent == tmp_path)) == set()


@pytest.mark.fault
@pytest.mark.parametrize("deleted", [False, True])
def test_the_wal_is_looked_at(scanner: Scanner, tmp_path: Path, deleted: bool) -> None:
    with a_database(tmp_path, NUMBERS[1], deleted=deleted):
        scanned = scanner.in_folder(tmp_path)
        assert found(scanned) == {NUMBERS[1]}
        by_row = [hit for hit in scanned.hits if hit.place.startswith("rows of")]
        assert bool(by_row) is not deleted


@pytest.mark.fault
def test_rows_are_looked_at_as_text(scanner: Scanner, tmp_path: Path) -> None:
    """Nine digits need four bytes as an integer: too few to be told from chance."""
    database = sqlite3.connect(tmp_path / "store.sqlite3")
    with database:
        database.execute("CREATE TABLE t (n INTEGER)")
        database.execute("INSERT INTO t VALUES (?)", (int(NUMBERS[2]),))
    database.close()
    assert found(scanner.in_folder(tmp_path)) == {NUMBERS[2]}


@pytest.mark.fault
def test_memory_is_looked_at(scanner: Scanner) -> None:
    with a_process("number = input()", NUMBERS[3]) as pid:
        scanned = scanner.in_process(pid)
    assert found(scanned) == {NUMBERS[3]}
    assert scanned.size > 1_000_000


@pytest.mark.fault
def test_a_python_number_in_memory_is_seen(scanner: Scanner) -> None:
    code = "number = int(''.join(chr(ord(one) - 1) for one in input()))"
    shifted = "".join(chr(ord(one) + 1) for one in f"33{NUMBERS[4][1:]}")
    with a_process(code, shifted) as pid:
        assert found(scanner.in_process(pid)) == {NUMBERS[4]}


@pytest.mark.fault
def test_removed_files_are_looked_at(scanner: Scanner, tmp_path: Path) -> None:
    with a_removed_file(tmp_path, NUMBERS[5]) as pid:
        scanned = scanner.in_process(pid)
    assert list(tmp_path.iterdir()) == []
    assert any(hit.place.startswith(f"file of {pid}") for hit in scanned.hits)
    assert found(scanned) == {NUMBERS[5]}


@pytest.mark.fault
def test_files_in_memory_are_looked_at(scanner: Scanner) -> None:
    code = "import os; f = os.memfd_create('x'); os.write(f, input().encode())"
    with a_process(code, NUMBERS[6]) as pid:
        scanned = scanner.in_process(pid)
    assert any("memfd:x" in hit.place for hit in scanned.hits)


def test_a_process_that_never_knew_is_clean(scanner: Scanner) -> None:
    with a_process("input()") as pid:
        assert found(scanner.in_process(pid)) == set()


def test_what_cannot_be_looked_at_is_told(scanner: Scanner, tmp_path: Path) -> None:
    (tmp_path / "damaged.gz").write_bytes(gzip.compress(b"x")[:6] + b"\xff" * 20)
    (tmp_path / "damaged.zip").write_bytes(b"PK\x03\x04 but not really")
    scanned = scanner.in_folder(tmp_path)
    assert sorted(Path(place).name for place in scanned.left_out) == [
        "damaged.gz (gzip)",
        "damaged.zip (zip)",
    ]
    assert scanner.in_process(2**22 + 1).left_out


def test_swap_is_scanned_or_told_to_be_missing(scanner: Scanner) -> None:
    has_swap = len(Path("/proc/swaps").read_text().splitlines()) > 1
    if not has_swap:
        assert scanner.in_swap().left_out == {"swap": "this machine has none"}


def test_needles_that_chance_would_find_are_refused() -> None:
    with pytest.raises(ValueError, match="too short"):
        Scanner([Needle(b"123", "0199000123", "three digits")])


def test_every_canary_is_told_by_its_end() -> None:
    numbers = canaries(400, seed=1, endings=range(3000, 10_000))
    assert len({number[-4:] for number in numbers}) == 400
    assert min(number[-4:] for number in numbers) >= "3000"
    assert numbers == canaries(400, seed=1, endings=range(3000, 10_000))
