"""The set-up: `ensure_toolbox` finds the programs, or lays out a private copy of them."""

import shutil
import stat
import subprocess

import pytest

from router.asterisk.install import ensure_toolbox
from router.asterisk.toolbox import missing_modules
from router.errors import SetupError
from tests.asterisk.host import Host, write_program, write_tool


def test_first_use_lays_out_a_private_tree(host: Host) -> None:
    toolbox = host.ensure()

    tree = host.home / "debian"
    assert toolbox.root == tree
    assert toolbox.asterisk_version == "22.10.1"
    assert missing_modules(toolbox, ["res_ari.so", "res_none.so"]) == ["res_none.so"]
    loader, option, path, program = toolbox.command("asterisk")
    assert (loader, option) == (
        str(tree / "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"),
        "--library-path",
    )
    assert path.split(":")[0] == str(tree / "usr/lib/x86_64-linux-gnu")
    assert program == str(tree / "usr/sbin/asterisk")
    assert toolbox.environment("espeak-ng")["ESPEAK_DATA_PATH"] == path.split(":")[0]
    assert toolbox.data_dir == tree / "usr/share/asterisk"
    # Nothing is left of the work, and no file runs with root's rights.
    assert sorted(path.name for path in host.home.iterdir()) == ["debian", "debian.lock"]
    assert not (tree / "usr/bin/sox").stat().st_mode & stat.S_ISUID
    assert "fetching 1 packages, 2 MB" in host.said


def test_second_use_starts_nothing(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    first = host.ensure()
    monkeypatch.setattr(subprocess, "Popen", None)

    assert host.ensure() == first


def test_an_interrupted_installation_is_redone(host: Host) -> None:
    (host.home / "debian.new/usr/bin").mkdir(parents=True)
    (host.home / "debian.new/usr/bin/half").touch()
    (host.home / "debian.apt").mkdir()

    host.ensure()

    assert not (host.home / "debian/usr/bin/half").exists()


def test_only_what_the_system_lacks_is_installed(host: Host) -> None:
    write_program(host.bin / "asterisk", "#!/bin/sh\necho 'Asterisk 22.10.1'\n")
    write_tool(host.bin, "espeak-ng")

    toolbox = host.ensure()

    wanted = next(call for call in host.calls() if " install " in call)
    assert wanted.endswith("--print-uris sip-tester sox libsox-fmt-base")
    assert toolbox.asterisk_version == "22.10.1"


def test_a_toolbox_without_asterisk(host: Host) -> None:
    for program in ("espeak-ng", "sox"):
        write_tool(host.bin, program)

    toolbox = ensure_toolbox(host.home, host.said.append, ("espeak-ng", "sox"))

    assert (toolbox.root, toolbox.asterisk_version) == (None, "")
    assert host.calls() == []


def test_the_systems_older_asterisk_is_left_alone(host: Host) -> None:
    write_program(host.bin / "asterisk", "#!/bin/sh\necho 'Asterisk 20.6.0'\n")

    toolbox = host.ensure()

    assert toolbox.asterisk_version == "22.10.1"
    assert toolbox.command("asterisk")[-1].startswith(str(host.home))


def test_the_mirrors_sipp_is_too_old(host: Host) -> None:
    write_tool(host.apt / "tree/usr/bin", "sipp", "3.7.3")
    subprocess.run(
        ["dpkg-deb", "-b", host.apt / "tree", host.apt / "archives/asterisk_22_all.deb"],
        check=True,
        capture_output=True,
    )

    with pytest.raises(SetupError, match=r"sipp 3\.8\.0 or later is needed.*mirror's is 3\.7\.3"):
        host.ensure()


def test_the_mirrors_asterisk_is_too_old(host: Host) -> None:
    host.package("Asterisk 22.9.0")

    with pytest.raises(SetupError, match=r"22\.10\.1 or later is needed.*mirror's is 22\.9\.0"):
        host.ensure()
    assert not (host.home / "debian").exists()


def test_a_full_disk_is_reported_beforehand(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(host.bin)._replace(free=50_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)

    with pytest.raises(SetupError, match="has 50 MB left"):
        host.ensure()
    assert host.calls() == []
