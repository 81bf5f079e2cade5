"""Find Asterisk, SIPp, espeak-ng and sox on this machine, or lay out a private copy of them.

Asterisk 22.10.1 is in no released Debian yet. Where the system's own is older or absent, Debian's
packages are fetched by the host's apt (so with its proxies and its mirror) into a private apt
state, and unpacked, not installed, below `.allo/debian`. No root, no chroot, and the host's
packages stay as they are: a program there is started through the C library's loader beside it.
"""

import fcntl
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from router.errors import SetupError

Version = tuple[int, int, int]

# The first release of the 22 series with the two ARI fixes of 2026 (GHSA-vrfp-mg3q-3959: variable
# writes bypassing live_dangerously; GHSA-wcvv-g26m-wx5c: read-only users writing).
OLDEST_ASTERISK = (22, 10, 1)


@dataclass(frozen=True)
class Requirement:
    """What a program must be to do our work, and how it tells its version."""

    oldest: Version
    #: The option that makes it print its version, and the words before the number there.
    option: str
    says: str

    def version_in(self, text: str) -> Version | None:
        """Return the version that the program's own words name; None when they name no release."""
        found = re.search(rf"{self.says}(\d+)\.(\d+)(?:\.(\d+))?", text)
        return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else None


REQUIREMENTS = {
    "asterisk": Requirement(OLDEST_ASTERISK, "-V", "^Asterisk "),
    # Up to 3.7.3, Debian 13's, [next_url] is empty without rrs: the ACK names nobody, and Asterisk
    # drops the call, silent, after 32 s.
    "sipp": Requirement((3, 8, 0), "-v", "SIPp v"),
    # The oldest that we have rendered prompts with: Debian 12's.
    "espeak-ng": Requirement((1, 51, 0), "--version", "text-to-speech: "),
    "sox": Requirement((14, 4, 2), "--version", "SoX(?:_ng)? v"),
}

# forky (Debian 14) is the oldest suite whose Asterisk is recent enough; Debian 12 and 13 have none.
SUITE = "forky"

# Program -> the Debian packages that bring it.
PACKAGES = {
    "asterisk": ("asterisk", "asterisk-moh-opsound-wav"),
    "sipp": ("sip-tester",),
    "espeak-ng": ("espeak-ng",),
    "sox": ("sox", "libsox-fmt-base"),
}

# What these packages depend on for their maintainer scripts and administration tools, which never
# run here. A test checks that every library our programs load is still there.
NEEDLESS = re.compile(
    r"(adduser|base-passwd|ca-certificates|debconf|dirmngr|gnupg|gpg|login\.defs|openssl|passwd"
    r"|pci\.ids|perl|pinentry|(lib)?python3|libperl5)(-.*|[0-9.].*|agent|conf|sm)?$"
)

# Where Asterisk is, and what ordinary users do not have in their path.
SBIN = ":/usr/local/sbin:/usr/sbin"

# The data that modules and configurations refer to: rest-api, documentation, moh, sounds.
DATA_DIR = Path("usr/share/asterisk")

ARCHITECTURES = ("amd64", "arm64")
KEYRINGS = ("debian-archive-keyring.gpg", "debian-archive-keyring.pgp")
NEEDED_MB = 550  # archives and unpacked files together, measured on amd64, with a margin

Say = Callable[[str], None]


@dataclass(frozen=True)
class Toolbox:
    """The programs beside the router, from the system or from a private Debian tree."""

    #: The private tree, or None when everything is the system's.
    root: Path | None
    #: As `asterisk -V` says it, for instance "22.10.1"; "" without an Asterisk.
    asterisk_version: str
    #: Where Asterisk's modules (`*.so`) lie: `astmoddir` of asterisk.conf.
    modules_dir: Path
    #: The distribution's data: rest-api, documentation, moh, sounds. `astdatadir` of asterisk.conf.
    data_dir: Path

    def command(self, name: str) -> list[str]:
        """Return the words that start program `name`; its own arguments follow them.

        Raises:
            SetupError: If neither the private tree nor the system has it.
        """
        return _command(self.root, name)

    def environment(self, name: str) -> dict[str, str]:
        """Return the variables program `name` needs on top of the caller's environment."""
        if self.root is None or _private_program(self.root, name) is None:
            return {}
        libraries = _libraries(self.root)
        # Character sets are loaded at run time and belong to the C library they came with.
        variables = {"GCONV_PATH": str(libraries / "gconv")}
        if name == "espeak-ng":
            variables["ESPEAK_DATA_PATH"] = str(libraries)
        return variables


def ensure_toolbox(home: Path, say: Say, programs: Collection[str] = tuple(PACKAGES)) -> Toolbox:
    """Return a toolbox with `programs`, after installing what is missing below `home` (`.allo`).

    `say` is told, a line at a time, what is about to be installed and how far it is. Once all is
    there this returns at once. Two processes may call it together: the second waits.
    ALLO_DEBIAN_MIRROR and ALLO_DEBIAN_SUITE override the host's mirror and the suite.

    Raises:
        SetupError: Something is missing and could not be had.
    """
    home = home.absolute()  # apt and Asterisk are started in other folders than ours
    tree = home / "debian"
    if not _missing(tree, programs):
        return _toolbox(tree)
    home.mkdir(parents=True, exist_ok=True)
    with _one_at_a_time(home / "debian.lock"):
        missing = _missing(tree, programs)  # again: another process may have installed it meanwhile
        if missing:
            for reason in filter(None, map(unfit, missing)):
                say(f"{reason}, so a private copy is laid out")
            wanted = {*missing, *_receipt(tree)}
            _install(home, [name for name in PACKAGES if name in wanted], say)
    return _toolbox(tree)


def is_complete(home: Path, programs: Collection[str]) -> bool:
    """Say whether `home`, or the system, has all of `programs`: nothing need be installed."""
    return not _missing(home.absolute() / "debian", programs)


def missing_modules(toolbox: Toolbox, wanted: Iterable[str]) -> list[str]:
    """Return which of the `wanted` modules ("res_ari.so") this Asterisk was built without."""
    return [name for name in wanted if not (toolbox.modules_dir / name).is_file()]


def version_of(text: str) -> Version | None:
    """Return (22, 10, 1) from what `asterisk -V` prints; None when it names no release."""
    return REQUIREMENTS["asterisk"].version_in(text)


def unfit(name: str) -> str | None:
    """Say why the system's own `name` does not do; None when it does, or is not there."""
    program = _system_program(name)
    if program is None:
        return None
    required = REQUIREMENTS[name]
    version = _version(name, [program])
    if version is not None and version >= required.oldest:
        return None
    is_what = f"is version {_dotted(version)}" if version else "names no version that we know"
    return f"{program} {is_what}: {_dotted(required.oldest)} or later is needed"


# --- what is there ---------------------------------------------------------------------------


def _receipt(tree: Path) -> dict[str, str]:
    """Return program -> version of a complete private tree, nothing for an absent one."""
    try:
        receipt: dict[str, str] = json.loads((tree / "receipt.json").read_text())
    except (FileNotFoundError, PermissionError):
        return {}
    return receipt


def _missing(tree: Path, programs: Collection[str]) -> list[str]:
    """Return which of `programs` neither the private tree nor the system can give."""
    private = _receipt(tree)
    return [name for name in programs if name not in private and not _system_has(name)]


def _system_has(name: str) -> bool:
    return _system_program(name) is not None and unfit(name) is None


def _system_program(name: str) -> str | None:
    return shutil.which(name, path=os.environ.get("PATH", os.defpath) + SBIN)


def _system_asterisk() -> Version | None:
    program = _system_program("asterisk")
    return _version("asterisk", [program]) if program else None


def _version(name: str, command: list[str]) -> Version | None:
    required = REQUIREMENTS[name]
    return required.version_in(_output([*command, required.option]))


def _dotted(version: Version) -> str:
    return ".".join(map(str, version))


def _toolbox(tree: Path) -> Toolbox:
    private = _receipt(tree)
    root = tree if private else None
    if "asterisk" in private:
        return Toolbox(
            root, private["asterisk"], _libraries(tree) / "asterisk/modules", tree / DATA_DIR
        )
    found = _system_asterisk()
    version = _dotted(found) if found else ""
    top = Path("/usr")
    folders = [*top.glob("lib/*/asterisk/modules"), top / "lib/asterisk/modules"]
    modules = next((folder for folder in folders if (folder / "res_ari.so").is_file()), folders[-1])
    data = Path("/", DATA_DIR)
    # Built from its sources rather than by Debian, Asterisk keeps its data with its state.
    return Toolbox(root, version, modules, data if data.is_dir() else Path("/var/lib/asterisk"))


# --- programs of a private tree ----------------------------------------------------------------


def _libraries(root: Path) -> Path:
    """Return the tree's folder of libraries, named after the machine's architecture."""
    return _loader(root).parent


def _loader(root: Path) -> Path:
    return next(root.glob("usr/lib/*-linux-gnu*/ld-linux*.so.*"))


def _private_program(root: Path, name: str) -> Path | None:
    found = (root / folder / name for folder in ("usr/bin", "usr/sbin"))
    return next((path for path in found if path.exists()), None)


def _command(root: Path | None, name: str) -> list[str]:
    program = _private_program(root, name) if root else None
    if root and program:
        libraries = _libraries(root)
        # libpulse, which espeak-ng and sox are linked with, keeps a part of itself in a folder.
        path = f"{libraries}:{libraries / 'pulseaudio'}"
        return [str(_loader(root)), "--library-path", path, str(program)]
    found = _system_program(name)
    if found is None:
        raise SetupError(f"{name} is not installed", "Start ./allo demo, which installs it.")
    return [found]


# --- installing --------------------------------------------------------------------------------


def _install(home: Path, programs: list[str], say: Say) -> None:
    """Fetch and unpack the packages of `programs`; the tree appears whole or not at all."""
    architecture = _architecture()
    say(f"installing {', '.join(programs)} in {home / 'debian'}, the host's packages untouched")
    free_mb = shutil.disk_usage(home).free // 1_000_000
    if free_mb < NEEDED_MB:
        raise SetupError(
            f"the disk of {home} has {free_mb} MB left", f"Make room: {NEEDED_MB} MB are needed."
        )
    tree, work = home / "debian.new", home / "debian.apt"
    for leftover in (tree, work):
        shutil.rmtree(leftover, ignore_errors=True)
    apt = _private_apt(work)
    try:
        _choose_mirror(apt, architecture, say)
        archives = _download(apt, [p for name in programs for p in PACKAGES[name]], say)
        _unpack(archives, tree, say)
    except OSError as error:
        raise SetupError(
            f"{home} cannot be written ({error.strerror})", "Make room or give the right to write."
        ) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    (tree / "receipt.json").write_text(json.dumps(_check_programs(tree, programs)))
    shutil.rmtree(home / "debian", ignore_errors=True)
    tree.rename(home / "debian")
    say("installed")


def _check_programs(tree: Path, programs: list[str]) -> dict[str, str]:
    """Return program -> version once each of them starts and is recent enough."""
    receipt = {}
    for name in programs:
        oldest = REQUIREMENTS[name].oldest
        version = _version(name, _command(tree, name))
        if version is None or version < oldest:
            found = f"is {_dotted(version)}" if version else "does not start"
            raise SetupError(
                f"{name} {_dotted(oldest)} or later is needed, and the mirror's {found}",
                "Name a newer suite in ALLO_DEBIAN_SUITE.",
            )
        receipt[name] = _dotted(version)
    return receipt


def _architecture() -> str:
    needed = ", ".join(f"{name} {_dotted(one.oldest)}" for name, one in REQUIREMENTS.items())
    by_hand = f"Install these or later ones by hand: {needed}."
    for program in ("apt-get", "dpkg-deb"):
        if shutil.which(program) is None:
            raise SetupError(f"{program} is missing, so nothing can be installed here", by_hand)
    architecture = _output(["dpkg", "--print-architecture"]).strip()
    if architecture not in ARCHITECTURES:
        raise SetupError(
            f"no private Asterisk for the architecture {architecture or 'of this machine'}", by_hand
        )
    return architecture


@dataclass(frozen=True)
class _Apt:
    """apt with lists, cache and status of our own, and the host's other settings."""

    work: Path
    options: list[str]

    def start(self, *words: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            ["apt-get", "-q", *self.options, *words],
            cwd=self.work / "archives",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | {"LC_ALL": "C"},
        )

    def run(self, *words: str) -> str:
        """Return what apt prints. Raises SetupError with apt's own first complaint."""
        process = self.start(*words)
        said, _ = process.communicate()
        if process.returncode:
            raise _apt_failed(said)
        return said


def _private_apt(work: Path) -> _Apt:
    for folder in ("state/lists/partial", "cache/archives/partial", "archives"):
        (work / folder).mkdir(parents=True)
    (work / "state/status").touch()
    settings = {
        "Dir::State": work / "state",
        "Dir::State::status": work / "state/status",  # empty: nothing counts as installed
        "Dir::Cache": work / "cache",
        "Dir::Etc::SourceList": work / "sources.list",
        "Dir::Etc::SourceParts": "/dev/null",
        # The host's pins and default release are about the host's suites.
        "Dir::Etc::Preferences": "/dev/null",
        "Dir::Etc::PreferencesParts": "/dev/null",
        "APT::Default-Release": "",
        "APT::Install-Recommends": "0",
        "APT::Update::Error-Mode": "any",  # else a mirror out of reach is only a warning
        "Acquire::Languages": "none",
        "Debug::NoLocking": "1",
    }
    return _Apt(
        work, [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]
    )


def _choose_mirror(apt: _Apt, architecture: str, say: Say) -> None:
    """Fetch the suite's lists from the first of the host's mirrors that has it, signed."""
    keyring = next((p for k in KEYRINGS if (p := Path("/usr/share/keyrings", k)).exists()), None)
    if keyring is None:
        raise SetupError(
            "Debian's signing keys are missing, so nothing can be fetched safely",
            "Install the package debian-archive-keyring.",
        )
    suite = os.environ.get("ALLO_DEBIAN_SUITE") or SUITE
    mirrors = _mirrors()
    failure = SetupError(
        "apt has no Debian source, so nothing can be fetched",
        "Name a Debian mirror in ALLO_DEBIAN_MIRROR.",
    )
    for mirror in mirrors:
        say(f"reading Debian {suite}'s package list from {mirror}")
        # Only the list of packages: hosts with apt-file or appstream ask for much more.
        settings = f"arch={architecture} target=Packages signed-by={keyring}"
        (apt.work / "sources.list").write_text(f"deb [{settings}] {mirror} {suite} main\n")
        try:
            apt.run("update")
        except SetupError as error:
            failure = error
        else:
            return
    raise failure


def _mirrors() -> list[str]:
    """Return the addresses of the host's own apt sources, security ones left out."""
    chosen = os.environ.get("ALLO_DEBIAN_MIRROR")
    if chosen:
        return [chosen]
    # What `update` would fetch; unlike `indextargets` it needs no lists, which fresh images lack.
    addresses = re.findall(
        r"^'(\S+)/dists/(\S+)/InRelease'", _output(["apt-get", "--print-uris", "update"]), re.M
    )
    return list(dict.fromkeys(uri for uri, suite in addresses if not suite.endswith("-security")))


def _download(apt: _Apt, packages: list[str], say: Say) -> list[Path]:
    """Fetch `packages` and what they depend on; return the archives."""
    sizes = {}
    for line in apt.run("install", "-y", "--print-uris", *packages).splitlines():
        # 'http://mirror/pool/…/sox_14.7_amd64.deb' sox_14.7_amd64.deb 1234 SHA256:…
        if found := re.match(r"'\S+' ([^\s_]+)_\S+ (\d+)", line):
            name, size = found[1], int(found[2])
            if not NEEDLESS.match(name):
                sizes[name] = size
    total_mb = sum(sizes.values()) / 1e6
    say(f"fetching {len(sizes)} packages, {total_mb:.0f} MB")
    folder = apt.work / "archives"
    process = apt.start("download", *sizes)
    while True:
        try:
            said, _ = process.communicate(timeout=3)
            break
        except subprocess.TimeoutExpired:
            done_mb = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
            say(f"  {done_mb:.0f} of {total_mb:.0f} MB")
    if process.returncode:
        raise _apt_failed(said)
    return sorted(folder.glob("*.deb"))


def _apt_failed(said: str) -> SetupError:
    complaints = [line[3:].strip() for line in said.splitlines() if line.startswith("E: ")]
    reason = complaints[0] if complaints else "apt-get failed without a word"
    return SetupError(
        f"Debian's packages cannot be had: {reason.rstrip('.')}",
        "Check the network, the disk and apt's settings, or name a mirror in ALLO_DEBIAN_MIRROR.",
    )


def _unpack(archives: list[Path], tree: Path, say: Say) -> None:
    """Unpack the archives below `tree`, two at a time, deleting each one that is done."""

    def unpack(archive: Path) -> None:
        done = subprocess.run(
            ["dpkg-deb", "-x", archive, tree],
            env=os.environ | {"LC_ALL": "C"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["dpkg-deb failed"])[0]
            raise SetupError(
                f"{archive.name} cannot be unpacked: {reason}", "Make room on the disk, then retry."
            )
        archive.unlink()

    tree.mkdir()
    with ThreadPoolExecutor(2) as workers:
        for count, _ in enumerate(workers.map(unpack, archives), start=1):
            if count % 25 == 0 or count == len(archives):
                say(f"  unpacked {count} of {len(archives)}")
    _drop_privileges(tree)


def _drop_privileges(tree: Path) -> None:
    """Take set-user-id bits away: nothing here may lend root's rights."""
    for path in tree.rglob("*"):
        mode = path.lstat().st_mode
        if mode & 0o6000 and path.is_file() and not path.is_symlink():
            path.chmod(mode & 0o1777)


def _output(words: list[str]) -> str:
    """Return what a command prints, nothing when it fails to start."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout


@contextmanager
def _one_at_a_time(lock: Path) -> Iterator[None]:
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
