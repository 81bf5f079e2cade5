"""Debian's packages: which are fetched, from where, and what can go wrong."""

import shutil
from pathlib import Path

import pytest

from router.asterisk import debian, programs
from router.asterisk.install import ensure_toolbox
from router.errors import SetupError
from tests.asterisk.host import Host, write_program


def test_the_hosts_mirror_and_other_settings_are_used(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.ensure()
    assert any("http://mirror.test/debian" in line for line in host.said)
    assert not any("secure" in line for line in host.said)
    # Only the sources and the pins are ours: apt.conf and apt.conf.d are still the host's.
    update = next(call for call in host.calls() if call.endswith(" update") and "-q" in call)
    assert "Dir::Etc::SourceList=" in update
    assert "Dir::Etc::Parts" not in update
    assert "Dir::Etc::main" not in update

    monkeypatch.setenv("ALLO_DEBIAN_MIRROR", "http://other.test/debian")
    monkeypatch.setenv("ALLO_DEBIAN_SUITE", "sid")
    shutil.rmtree(host.home)
    host.ensure()
    assert "reading Debian sid's package list from http://other.test/debian" in host.said


def test_packages_that_never_run_are_left_out(host: Host) -> None:
    host.ensure()

    download = next(call for call in host.calls() if " download " in call)
    assert download.endswith(" download asterisk")


@pytest.mark.parametrize(
    "name", ["perl-base", "libperl5.42", "python3.14-minimal", "libpython3.14-stdlib", "gpgsm"]
)
def test_needless_packages(name: str) -> None:
    assert debian.NEEDLESS.match(name)


@pytest.mark.parametrize("name", ["libssl3t64", "libgpgme45", "libgpg-error0", "sox", "libpam0g"])
def test_needed_packages(name: str) -> None:
    assert not debian.NEEDLESS.match(name)


def test_a_failure_is_reported_in_apts_own_words(host: Host) -> None:
    (host.apt / "update").write_text(
        "Err:1 http://mirror.test\nW: noise\n"
        "E: Failed to fetch http://mirror.test  Temporary failure resolving 'mirror.test'\n"
        "E: Some index files failed to download.\n"
    )
    (host.apt / "update-fails").touch()

    with pytest.raises(SetupError, match="Temporary failure resolving") as failure:
        host.ensure()
    assert "ALLO_DEBIAN_MIRROR" in str(failure.value)
    assert not (host.home / "debian").exists()
    assert not (host.home / "debian.apt").exists()


def test_an_archive_that_cannot_be_unpacked(host: Host) -> None:
    (host.apt / "archives/broken_1_all.deb").write_text("no archive")

    with pytest.raises(SetupError, match=r"broken_1_all\.deb cannot be unpacked"):
        host.ensure()
    assert not (host.home / "debian").exists()


def test_no_apt_source(host: Host) -> None:
    (host.apt / "sources").write_text("")

    with pytest.raises(SetupError, match="no Debian source"):
        host.ensure()


def test_no_apt_and_an_architecture_without_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "SBIN", "")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupError, match="apt-get is missing"):
        ensure_toolbox(tmp_path / ".allo", print)

    for program in ("apt-get", "dpkg-deb"):
        write_program(tmp_path / program, "#!/bin/sh\n")
    write_program(tmp_path / "dpkg", "#!/bin/sh\necho riscv64\n")
    with pytest.raises(SetupError, match="architecture riscv64"):
        ensure_toolbox(tmp_path / ".allo", print)
