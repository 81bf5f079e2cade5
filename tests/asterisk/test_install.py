"""The set-up: `./allo` makes its environment, `ensure_toolbox` finds or lays out Asterisk."""

import hashlib
import os
import shutil
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from router.asterisk import install
from router.asterisk.install import Toolbox, ensure_toolbox, missing_modules, version_of
from router.errors import SetupError

TOP = Path(__file__).parents[2]
TOOLS = ("dpkg", "dpkg-deb", "tar", "sh", "cat", "cp", "touch")

# Stands for the C library's loader: drops `--library-path PATH` and runs the program.
LOADER = '#!/bin/sh\nshift 2\nexec "$@"\n'

# Answers like apt-get, with what the test put into the folder `apt` beside it.
APT_GET = """#!/bin/sh
apt=@APT@
echo "$*" >>"$apt/calls"
case "$*" in
    *'--print-uris update') cat "$apt/sources" ;;
    *' update') cat "$apt/update" && [ ! -e "$apt/update-fails" ] ;;
    *'--print-uris '*) cat "$apt/uris" ;;
    *' download '*) cp "$apt"/archives/*.deb . ;;
esac
"""


def write_program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


#: What the programs say of themselves, each in its way.
SAYS = {
    "asterisk": "Asterisk {}",
    "sipp": " SIPp v{}-TLS-SCTP-PCAP.",
    "espeak-ng": "eSpeak NG text-to-speech: {}  Data at: /data",
    "sox": "sox:      SoX_ng v{}",
}
RECENT = {"asterisk": "22.11.0", "sipp": "3.8.0", "espeak-ng": "1.52.0", "sox": "14.7.1.2"}


def write_tool(folder: Path, name: str, version: str = "") -> None:
    """Write the program `name` that says its version and does nothing else."""
    text = SAYS[name].format(version or RECENT[name])
    write_program(folder / name, f"#!/bin/sh\necho '{text}'\n")


class Host:
    """A machine with nothing but dpkg and an apt-get that this test answers for."""

    def __init__(self, top: Path) -> None:
        self.home = top / ".allo"
        self.bin = top / "bin"
        self.apt = top / "apt"
        self.said: list[str] = []
        (self.apt / "archives").mkdir(parents=True)
        self.bin.mkdir()
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool) or pytest.skip(f"needs {tool}"))
        write_program(self.bin / "apt-get", APT_GET.replace("@APT@", str(self.apt)))
        (self.apt / "sources").write_text(
            "'http://mirror.test/secure/dists/any-security/InRelease' x 0 \n"
            "'http://mirror.test/debian/dists/any/InRelease' x 0 \n"
            "'http://mirror.test/debian/dists/any/main/binary-amd64/Packages.xz' x 0 \n"
        )
        (self.apt / "update").touch()
        (self.apt / "uris").write_text(
            "'http://mirror.test/pool/asterisk_22_all.deb' asterisk_22_all.deb 2000000 SHA256:0\n"
            "'http://mirror.test/pool/perl-base_5_all.deb' perl-base_5_all.deb 9000000 SHA256:0\n"
        )
        self.package("Asterisk 22.10.1~dfsg")

    def package(self, version: str) -> None:
        """Put the package `asterisk` on the mirror, with the other programs inside."""
        tree = self.apt / "tree"
        libraries = tree / "usr/lib/x86_64-linux-gnu"
        write_program(libraries / "ld-linux-x86-64.so.2", LOADER)
        write_program(libraries / "asterisk/modules/res_ari.so", "")
        write_program(tree / "usr/sbin/asterisk", f"#!/bin/sh\necho '{version}'\n")
        for program in ("sipp", "espeak-ng", "sox"):
            write_tool(tree / "usr/bin", program)
        (tree / "usr/bin/sox").chmod(0o4755)
        (tree / "DEBIAN").mkdir(exist_ok=True)
        (tree / "DEBIAN/control").write_text(
            "Package: asterisk\nVersion: 22\nArchitecture: all\nDescription: a test\n"
            "Maintainer: Nobody <nobody@example.org>\n"
        )
        archive = self.apt / "archives/asterisk_22_all.deb"
        subprocess.run(["dpkg-deb", "-b", tree, archive], check=True, capture_output=True)

    def calls(self) -> list[str]:
        calls = self.apt / "calls"
        return calls.read_text().splitlines() if calls.exists() else []

    def ensure(self) -> Toolbox:
        return ensure_toolbox(self.home, self.said.append)


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    host = Host(tmp_path)
    monkeypatch.setenv("PATH", str(host.bin))
    monkeypatch.setattr(install, "SBIN", "")
    monkeypatch.setattr(install, "_architecture", lambda: "amd64")
    for variable in ("ALLO_DEBIAN_MIRROR", "ALLO_DEBIAN_SUITE"):
        monkeypatch.delenv(variable, raising=False)
    return host


# --- ensure_toolbox ----------------------------------------------------------------------------


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
    # Nothing is left of the work, and no file lends root's rights.
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


def test_the_hosts_mirror_and_its_other_settings_are_used(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.ensure()
    assert any("http://mirror.test/debian" in line for line in host.said)
    assert not any("secure" in line for line in host.said)
    # Only the sources and the pins are ours: apt.conf and apt.conf.d stay the host's.
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
    assert install.NEEDLESS.match(name)


@pytest.mark.parametrize("name", ["libssl3t64", "libgpgme45", "libgpg-error0", "sox", "libpam0g"])
def test_needed_packages(name: str) -> None:
    assert not install.NEEDLESS.match(name)


def test_the_systems_asterisk_is_used_when_new_enough(host: Host) -> None:
    for program in SAYS:
        write_tool(host.bin, program)

    toolbox = host.ensure()

    assert toolbox.root is None
    assert toolbox.asterisk_version == "22.11.0"
    assert toolbox.command("asterisk") == [str(host.bin / "asterisk")]
    assert toolbox.environment("espeak-ng") == {}
    assert host.calls() == []


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


@pytest.mark.parametrize(
    ("name", "found", "oldest"),
    [
        ("sipp", "3.6.1", "3.8.0"),  # Debian 12's, with which the call is silent
        ("sipp", "3.7.3", "3.8.0"),  # Debian 13's
        ("espeak-ng", "1.49.2", "1.51.0"),
        ("sox", "14.3.2", "14.4.2"),
    ],
)
def test_a_program_of_the_system_that_does_not_do_is_named_and_replaced(
    host: Host, name: str, found: str, oldest: str
) -> None:
    for program in SAYS:
        write_tool(host.bin, program)
    write_tool(host.bin, name, found)

    toolbox = host.ensure()

    assert toolbox.command(name)[-1].startswith(str(host.home))
    assert host.said[0] == (
        f"{host.bin / name} is version {found}: {oldest} or later is needed, "
        "so a private copy is laid out"
    )


def test_a_program_of_the_system_that_says_no_version_is_replaced(host: Host) -> None:
    for program in SAYS:
        write_tool(host.bin, program)
    write_program(host.bin / "sipp", "#!/bin/sh\nexit 1\n")

    assert host.ensure().command("sipp")[-1].startswith(str(host.home))
    assert "sipp names no version that we know: 3.8.0 or later is needed" in host.said[0]


def test_the_private_program_is_preferred(host: Host) -> None:
    host.ensure()
    write_tool(host.bin, "sipp", "3.9.0")

    assert host.ensure().command("sipp")[-1].startswith(str(host.home))


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


def test_apts_own_words_tell_what_failed(host: Host) -> None:
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


def test_a_full_disk_is_said_beforehand(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(host.bin)._replace(free=50_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)

    with pytest.raises(SetupError, match="has 50 MB left"):
        host.ensure()
    assert host.calls() == []


def test_no_apt_source(host: Host) -> None:
    (host.apt / "sources").write_text("")

    with pytest.raises(SetupError, match="no Debian source"):
        host.ensure()


def test_no_apt_and_an_architecture_without_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install, "SBIN", "")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupError, match="apt-get is missing"):
        ensure_toolbox(tmp_path / ".allo", print)

    for program in ("apt-get", "dpkg-deb"):
        write_program(tmp_path / program, "#!/bin/sh\n")
    write_program(tmp_path / "dpkg", "#!/bin/sh\necho riscv64\n")
    with pytest.raises(SetupError, match="architecture riscv64"):
        ensure_toolbox(tmp_path / ".allo", print)


def test_a_program_that_nobody_has(host: Host) -> None:
    with pytest.raises(SetupError, match="nonesuch is not installed"):
        host.ensure().command("nonesuch")


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("Asterisk 22.10.1~dfsg+~cs6.15.60671435-1\n", (22, 10, 1)),
        ("Asterisk 23.0.0", (23, 0, 0)),
        ("Asterisk certified-22.8-cert2", None),
        ("Asterisk GIT-22-1a2b3c4", None),
        ("", None),
    ],
)
def test_version_of(said: str, version: tuple[int, int, int] | None) -> None:
    assert version_of(said) == version


# --- the real tree -----------------------------------------------------------------------------


@pytest.mark.real
def test_every_program_runs(tmp_path: Path) -> None:
    toolbox = ensure_toolbox(TOP / ".allo", print)

    def run(name: str, *words: str | Path) -> str:
        done = subprocess.run(
            [*toolbox.command(name), *words],
            env=os.environ | toolbox.environment(name),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == (99 if name == "sipp" else 0), done.stderr  # `sipp -v` exits so
        return done.stdout

    for name, required in install.REQUIREMENTS.items():
        version = required.version_in(run(name, required.option))
        assert version is not None
        assert version >= required.oldest
    speech, prompt = tmp_path / "speech.wav", tmp_path / "prompt.al"
    run("espeak-ng", "-v", "fr", "-w", speech, "Vous êtes en relation avec le service.")
    run("sox", speech, "-r", "8000", "-c", "1", "-e", "a-law", "-t", "raw", prompt)
    assert prompt.stat().st_size > 8000  # more than a second
    assert missing_modules(toolbox, ["res_ari.so", "res_pjsip.so", "app_stasis.so"]) == []
    assert (toolbox.data_dir / "rest-api").is_dir()


@pytest.mark.real
def test_the_private_tree_borrows_no_library_from_the_host() -> None:
    toolbox = ensure_toolbox(TOP / ".allo", print)
    if toolbox.root is None:
        pytest.skip("everything is the system's")
    *start, asterisk = toolbox.command("asterisk")
    programs = [asterisk, *(toolbox.command(name)[-1] for name in ("sipp", "espeak-ng", "sox"))]
    # res_snmp wants Perl, which is left out, and is not among our modules.
    modules = [path for path in toolbox.modules_dir.glob("*.so") if path.name != "res_snmp.so"]
    assert len(modules) > 200

    borrowed = []
    for program in [*programs, *map(str, modules)]:
        done = subprocess.run([*start, "--list", program], capture_output=True, text=True)
        libraries = [line.split("=>")[1] for line in done.stdout.splitlines() if "=>" in line]
        borrowed += [
            f"{program}: {found.strip() or 'nothing'}"
            for found in libraries
            if not found.strip().startswith(str(toolbox.root))
        ]
        assert done.returncode == 0, f"{program}: {done.stdout}{done.stderr}"
    assert borrowed == []


# --- ./allo --------------------------------------------------------------------------------------

CLI = """
import os, sys
print(sys.argv[1:], os.getcwd(), sys.prefix == os.environ["EXPECTED_PREFIX"])
sys.exit(7)
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the door with an environment that is ready and a command line that echoes."""
    top = tmp_path / "a checkout"
    (top / "router").mkdir(parents=True)
    for name in ("allo", "requirements.lock"):
        shutil.copy(TOP / name, top)
    (top / "router/__init__.py").touch()
    (top / "router/cli.py").write_text(CLI)
    venv = top / ".allo/venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    pins = hashlib.sha256((top / "requirements.lock").read_bytes()).hexdigest()
    (venv / ".made-from").write_text(f"{pins}  - {(venv / 'bin/python').resolve()}")
    return top


def start(top: Path, *words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [top / "allo", *words],
        cwd=top.parent,
        env=os.environ | {"EXPECTED_PREFIX": str(top / ".allo/venv")} | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def path_of(folder: Path, *tools: str) -> str:
    """Return a PATH that holds `tools` and nothing else."""
    folder.mkdir()
    for tool in (*tools, "dirname", "readlink", "sha256sum", "cat", "grep", "mkdir", "rm", "flock"):
        (folder / tool).symlink_to(shutil.which(tool) or pytest.skip(f"needs {tool}"))
    return str(folder)


def test_a_ready_checkout_starts_at_once(checkout: Path, tmp_path: Path) -> None:
    # No python3 in the path: nothing but the environment's own interpreter is started.
    done = start(checkout, "code", "a fiche", PATH=path_of(tmp_path / "bin"))

    assert done.stdout == f"['code', 'a fiche'] {checkout.parent} True\n"
    assert (done.returncode, done.stderr) == (7, "")


def test_the_callers_folder_cannot_replace_our_code(checkout: Path) -> None:
    (checkout.parent / "router.py").write_text("raise SystemExit('not ours')")

    assert start(checkout, PYTHONPATH=str(checkout.parent)).returncode == 7


def test_a_changed_lock_makes_the_environment_again(checkout: Path, tmp_path: Path) -> None:
    with (checkout / "requirements.lock").open("a") as lock:
        lock.write("nonesuch==1\n")

    done = start(checkout, PATH=path_of(tmp_path / "bin"))

    assert done.returncode == 1
    assert done.stderr.startswith("allo: python3 is missing: install Python 3.11 or later")


def test_an_old_python_is_refused(checkout: Path, tmp_path: Path) -> None:
    shutil.rmtree(checkout / ".allo")
    path = path_of(tmp_path / "bin")
    write_program(
        tmp_path / "bin/python3",
        '#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2 && exit\n'
        f'exec {sys.executable} -c "import sys; sys.version_info = (3, 9, 2); $2"\n',
    )

    done = start(checkout, PATH=path)

    assert done.returncode == 1
    assert done.stderr == "allo: Python 3.9.2 is too old: Python 3.11 or later is needed\n"


def test_neither_pip_nor_apt(checkout: Path, tmp_path: Path) -> None:
    shutil.rmtree(checkout / ".allo")
    path = path_of(tmp_path / "bin")
    # A python3 that finds no bundled pip, as Debian's without python3-venv.
    write_program(
        tmp_path / "bin/python3",
        f'#!/bin/sh\ncase "$*" in *WHEEL_PKG_DIR*) exit 0 ;; esac\nexec {sys.executable} "$@"\n',
    )

    done = start(checkout, PATH=path)

    assert done.returncode == 1
    assert "python3-pip-whl is missing and there is no apt to fetch it" in done.stderr
    assert "router" not in done.stdout


def test_the_lock_pins_every_dependency() -> None:
    lines = (TOP / "requirements.lock").read_text().splitlines()
    pins = {line for line in lines if line and not line.startswith("#")}

    assert all(line.count("==") == 1 and "/" not in line for line in pins)
    project = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]
    wanted = {*project["dependencies"], *project["optional-dependencies"]["dev"]}
    assert wanted <= pins
