"""`./allo demo` as its user starts it: one call, its timeline, its exit code, its ready-file."""

import json
import os
import select
import shutil
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from router.cli import provision
from router.core.commands import Step
from router.intake.vault import place_of

pytestmark = pytest.mark.real

#: Nobody else's port is among its ports for sound: the doctor would say so.
OFFSET = 14000
#: The simulated caller: a number kept for fiction (Arcep).
CALLER = "0199001234"
PATIENCE_S = 240
READY_KEYS = {"sip", "http", "ari", "code", "fiche", "api_key", "pids", "state_dir"} | {
    "asterisk_log",
    "router_log",
    "fallback_log",
    "callback_keys",
    "agent_tokens",
    "supervisor_tokens",
    "seats",
}


@pytest.fixture(autouse=True)
def no_vault_is_left(tmp_path: Path) -> Iterator[None]:
    yield
    remove_vault(tmp_path)


def remove_vault(folder: Path) -> None:
    """Remove the numbers of a demo that was started in this folder."""
    shutil.rmtree(place_of(None, folder / "state" / "asterisk", os.environ), ignore_errors=True)


def start(folder: Path, *words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [
            *(str(provision.TOP / "allo"), "demo", "--at", "2026-11-23T10:00"),
            *("--port-offset", str(OFFSET), "--state", str(folder / "state")),
            *("--ready-file", str(folder / "ready.json"), *words),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_until_ready(demo: "subprocess.Popen[str]", file: Path) -> dict[str, Any]:
    give_up_at = time.monotonic() + PATIENCE_S
    while not file.exists():
        assert demo.poll() is None, demo.communicate()[0]
        assert time.monotonic() < give_up_at
        time.sleep(0.1)
    ready: dict[str, Any] = json.loads(file.read_text())
    return ready


def doctor(folder: Path) -> "subprocess.CompletedProcess[str]":
    """Examine the demo in this folder from outside."""
    return subprocess.run(
        [
            *(str(provision.TOP / "allo"), "doctor", "--json"),
            *("--config", str(folder / "state" / "allo.toml")),
        ],
        capture_output=True,
        text=True,
        check=False,
    )


def told_until(demo: "subprocess.Popen[str]", last: str) -> list[str]:
    """Return the lines that the demo says up to this one."""
    assert demo.stdout is not None
    lines: list[str] = []
    for line in demo.stdout:
        lines.append(line.rstrip("\n"))
        if lines[-1] == last:
            break
    return lines


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@dataclass(frozen=True)
class Recorded:
    """A demo that carried its one call and came to its end by itself."""

    exit_code: int
    told: str
    ready: dict[str, Any]
    #: The ready-file, the folder of the state, and what `--record` wrote.
    ready_file: Path
    state: Path
    recording: Path


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    """The only call of this file: it takes as long as the service speaks."""
    folder = tmp_path_factory.mktemp("recorded")
    recording = folder / "recording"
    demo = start(folder, "--once", "--agents", "1", "--record", str(recording))
    try:
        told, _ = demo.communicate(timeout=PATIENCE_S)
    finally:
        demo.kill()
    ready_file = folder / "ready.json"
    assert ready_file.exists(), told
    ready = json.loads(ready_file.read_text())
    yield Recorded(demo.returncode, told, ready, ready_file, folder / "state", recording)
    remove_vault(folder)


def test_one_call_is_carried_and_printed(recorded: Recorded) -> None:
    told = recorded.told
    assert recorded.exit_code == 0, told
    order = [
        "the service's clock starts at 2026-11-23T10:00, a Monday",
        "The call is answered",
        "asked for an access code",
        "types",
        "The code is right: page F1234, domain « Rapports locatifs ».",
        "joins the queue",
        "The phone of informateur 101 rings.",
        "Informateur 101 picks up",
        "They are joined",
        "Informateur 101 hangs up",
        "The call is over: answered",
        "The caller and the informateur heard each other.",
    ]
    places = [told.find(words) for words in order]
    assert -1 not in places, told
    assert places == sorted(places), told
    assert "The caller hears the informateur." in told
    assert "Informateur 101 hears the caller." in told


def test_nothing_of_it_is_left(recorded: Recorded) -> None:
    assert not any(map(is_alive, recorded.ready["pids"].values()))
    for log in ("router_log", "asterisk_log"):
        assert CALLER not in Path(recorded.ready[log]).read_text()


def test_the_ready_file_says_where_everything_is(recorded: Recorded) -> None:
    ready = recorded.ready
    assert ready.keys() == READY_KEYS
    assert ready["sip"] == f"127.0.0.1:{5060 + OFFSET}"
    assert ready["http"] == f"http://127.0.0.1:{8039 + OFFSET}"
    assert ready["ari"].startswith("http://allo:")
    assert ready["ari"].endswith(f"@127.0.0.1:{8088 + OFFSET}/ari")
    assert ready["fiche"] == "F1234"
    assert len(ready["code"]) == 8
    assert recorded.ready_file.stat().st_mode & 0o077 == 0  # it holds secrets


def test_its_call_is_decided_again(recorded: Recorded) -> None:
    """What `--record` wrote is enough for that, and nobody is in it."""
    assert stat.S_IMODE(recorded.recording.stat().st_mode) == 0o600
    plan = recorded.state / "allo.toml"
    again = subprocess.run(
        [str(provision.TOP / "allo"), "replay", str(recorded.recording), "--config", str(plan)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert again.returncode == 0, again.stdout + again.stderr
    assert again.stdout.endswith("commands: same decisions\n")
    text = recorded.recording.read_text()
    for step in (Step.CODE_ACCEPTED, Step.TALKING, Step.VOTE_ASKED, Step.ENDED):
        assert f'"step":"{step}"' in text
    for word in (recorded.ready["code"], CALLER, "asterisk", "secret"):
        assert word not in text, word


def test_it_stays_up_until_ctrl_c_and_leaves_nothing(tmp_path: Path) -> None:
    demo = start(tmp_path, "--no-call", "--agents", "1")
    try:
        ready = wait_until_ready(demo, tmp_path / "ready.json")
        assert all(map(is_alive, ready["pids"].values()))
        offered = told_until(demo, "Ctrl-C ends.")
        assert f"Be called back: open {ready['http']}/rappel?fiche=F1234" in offered
        sit = f"Sit at a desk: open {ready['http']}/poste, number 101, PIN "
        assert [line for line in offered if line.startswith(sit)]
        examined = doctor(tmp_path)
        demo.send_signal(signal.SIGINT)
        told, _ = demo.communicate(timeout=PATIENCE_S)
    finally:
        demo.kill()
    assert demo.returncode == 0, told
    assert "Traceback" not in told
    assert not any(map(is_alive, ready["pids"].values()))
    # A healthy demo has no finding but what demos are like.
    found = json.loads(examined.stdout)
    assert (examined.returncode, found["demo"]) == (0, True), examined.stdout
    assert {one["level"] for one in found["findings"]} == {"note"}


def family(pid: int) -> dict[int, str]:
    """Return every living descendant with its command."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            status = (folder / "stat").read_text().rpartition(")")[2].split()
            parents[int(folder.name)] = int(status[1])
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    words = {one: Path(f"/proc/{one}/cmdline").read_bytes() for one in found - {pid}}
    return {one: line.replace(b"\0", b" ").decode() for one, line in words.items()}


def test_everything_ends_with_a_demo_that_is_killed(tmp_path: Path) -> None:
    demo = start(tmp_path, "--no-call", "--agents", "2")
    try:
        wait_until_ready(demo, tmp_path / "ready.json")
        left = family(demo.pid)
        for program, count in {
            "router.cli run": 1,
            "router.intake": 1,
            "sbin/asterisk": 1,
            "sipp": 3,  # two informateurs', and the public network
        }.items():
            assert sum(program in line for line in left.values()) == count, left
        watches = {os.pidfd_open(pid): line for pid, line in left.items()}
    finally:
        demo.kill()
    demo.communicate(timeout=PATIENCE_S)
    give_up_at = time.monotonic() + PATIENCE_S
    while watches and time.monotonic() < give_up_at:
        for watch in select.select(list(watches), [], [], 1)[0]:
            del watches[watch]
            os.close(watch)
    for watch in watches:
        signal.pidfd_send_signal(watch, signal.SIGKILL)
    assert not watches
    again = start(tmp_path, "--no-call", "--agents", "1")
    try:
        wait_until_ready(again, tmp_path / "ready.json")
    finally:
        again.kill()
        again.communicate(timeout=PATIENCE_S)


@pytest.mark.parametrize(
    ("kind", "port", "sentence"),
    [
        (socket.SOCK_DGRAM, 5060, "UDP port 19060 on 127.0.0.1, needed for the SIP trunk"),
        (socket.SOCK_DGRAM, 5062, "UDP port 19062 on 127.0.0.1, needed for informateurs' phones"),
        (socket.SOCK_DGRAM, 5064, "UDP port 19064 on 127.0.0.1, needed for the simulated public"),
        (socket.SOCK_STREAM, 8039, "TCP port 22039 on 127.0.0.1, needed for HTTP"),
        (socket.SOCK_STREAM, 8088, "TCP port 22088 on 127.0.0.1, needed for ARI"),
    ],
)
def test_a_busy_port_is_one_sentence(
    tmp_path: Path, kind: socket.SocketKind, port: int, sentence: str
) -> None:
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # of the test before
        taken.bind(("127.0.0.1", port + OFFSET))
        if kind == socket.SOCK_STREAM:
            taken.listen()
        demo = start(tmp_path, "--once")
        try:
            told, _ = demo.communicate(timeout=PATIENCE_S)
        finally:
            demo.kill()
    assert demo.returncode == 1
    assert sentence in told
    assert f"by process {os.getpid()} (" in told
    assert "--port-offset" in told
    assert "Traceback" not in told
