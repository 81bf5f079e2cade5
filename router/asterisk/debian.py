"""Debian packages fetched with the host's own apt, and unpacked into a folder of ours.

apt keeps its lists, cache and status in a folder of ours, and takes its proxies, mirrors and every
other setting from the host. The packages are unpacked, not installed: no root, no chroot, and the
host's packages stay as they are.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from router.asterisk.programs import REQUIREMENTS, dotted, output_of
from router.errors import SetupError

# forky (Debian 14) is the oldest suite whose Asterisk is recent enough; Debian 12 and 13 have none.
SUITE = "forky"

# Program -> the Debian packages that bring it.
PACKAGES = {
    "asterisk": ("asterisk", "asterisk-moh-opsound-wav"),
    "sipp": ("sip-tester",),
    "espeak-ng": ("espeak-ng",),
    "sox": ("sox", "libsox-fmt-base"),
}

# What these packages need only for their maintainer scripts and administration tools, which are
# never run here. A test checks that every library our programs load is still there.
NEEDLESS = re.compile(
    r"(adduser|base-passwd|ca-certificates|debconf|dirmngr|gnupg|gpg|login\.defs|openssl|passwd"
    r"|pci\.ids|perl|pinentry|(lib)?python3|libperl5)(-.*|[0-9.].*|agent|conf|sm)?$"
)

_ARCHITECTURES = ("amd64", "arm64")
_KEYRINGS = ("debian-archive-keyring.gpg", "debian-archive-keyring.pgp")

Say = Callable[[str], None]


def unpack_programs(
    programs: Iterable[str], architecture: str, tree: Path, work: Path, say: Say
) -> None:
    """Fetch and unpack the packages of `programs`; the rest as `unpack_packages`."""
    unpack_packages(
        [one for name in programs for one in PACKAGES[name]], architecture, tree, work, say
    )


def unpack_packages(
    packages: list[str],
    architecture: str,
    tree: Path,
    work: Path,
    say: Say,
    *,
    suite: str | None = None,
    needless: re.Pattern[str] = NEEDLESS,
) -> None:
    """Fetch and unpack `packages`, and what they need, into the new folder `tree`.

    `architecture` is Debian's name for it. `work` is a new folder for apt's own files and the
    archives, which the caller removes. Packages that match `needless` are left out.
    ALLO_DEBIAN_MIRROR overrides the host's mirror, ALLO_DEBIAN_SUITE the default suite.

    Raises:
        SetupError: If they cannot be fetched or unpacked.
        OSError: If a folder cannot be written.
    """
    apt = _private_apt(work)
    suite = suite or os.environ.get("ALLO_DEBIAN_SUITE") or SUITE
    _choose_mirror(apt, architecture, suite, say)
    archives = _download(apt, packages, needless, say)
    _unpack(archives, tree, say)


def machine_architecture() -> str:
    """Return Debian's name of this machine's architecture.

    Raises:
        SetupError: If there is no apt, or Debian's Asterisk is not built for this architecture.
    """
    needed = ", ".join(f"{name} {dotted(one.oldest)}" for name, one in REQUIREMENTS.items())
    by_hand = f"Install these or later ones by hand: {needed}."
    for program in ("apt-get", "dpkg-deb"):
        if shutil.which(program) is None:
            raise SetupError(f"{program} is missing, so nothing can be installed here", by_hand)
    architecture = output_of(["dpkg", "--print-architecture"]).strip()
    if architecture not in _ARCHITECTURES:
        raise SetupError(
            f"no private Asterisk for the architecture {architecture or 'of this machine'}", by_hand
        )
    return architecture


@dataclass(frozen=True, slots=True)
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
        """Return what apt prints.

        Raises:
            SetupError: If it fails, with its own first complaint.
        """
        process = self.start(*words)
        output, _ = process.communicate()
        if process.returncode:
            raise _apt_failed(output)
        return output


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
        "APT::Update::Error-Mode": "any",  # otherwise an unreachable mirror is only a warning
        "Acquire::Languages": "none",
        "Debug::NoLocking": "1",
    }
    return _Apt(
        work, [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]
    )


def _choose_mirror(apt: _Apt, architecture: str, suite: str, say: Say) -> None:
    """Fetch the suite's signed lists from the first of the host's mirrors that has it."""
    keyring = next((p for k in _KEYRINGS if (p := Path("/usr/share/keyrings", k)).exists()), None)
    if keyring is None:
        raise SetupError(
            "Debian's signing keys are missing, so nothing can be fetched safely",
            "Install the package debian-archive-keyring.",
        )
    failure = SetupError(
        "apt has no Debian source, so nothing can be fetched",
        "Name a Debian mirror in ALLO_DEBIAN_MIRROR.",
    )
    for mirror in mirrors():
        say(f"reading Debian {suite}'s package list from {mirror}")
        # Only the list of packages: hosts with apt-file or appstream fetch far more.
        settings = f"arch={architecture} target=Packages signed-by={keyring}"
        (apt.work / "sources.list").write_text(f"deb [{settings}] {mirror} {suite} main\n")
        try:
            apt.run("update")
        except SetupError as error:
            failure = error
        else:
            return
    raise failure


def mirrors() -> list[str]:
    """Return the addresses of the host's own apt sources, except those for security updates."""
    chosen = os.environ.get("ALLO_DEBIAN_MIRROR")
    if chosen:
        return [chosen]
    # What `update` would fetch; unlike `indextargets` it needs no lists, which fresh images lack.
    addresses = re.findall(
        r"^'(\S+)/dists/(\S+)/InRelease'", output_of(["apt-get", "--print-uris", "update"]), re.M
    )
    return list(dict.fromkeys(uri for uri, suite in addresses if not suite.endswith("-security")))


def _download(apt: _Apt, packages: list[str], needless: re.Pattern[str], say: Say) -> list[Path]:
    """Fetch `packages` and their dependencies but what is needless; return the archives."""
    sizes = {}
    for line in apt.run("install", "-y", "--print-uris", *packages).splitlines():
        # 'http://mirror/pool/…/sox_14.7_amd64.deb' sox_14.7_amd64.deb 1234 SHA256:…
        if found := re.match(r"'\S+' ([^\s_]+)_\S+ (\d+)", line):
            name, size = found[1], int(found[2])
            if not needless.match(name):
                sizes[name] = size
    total_mb = sum(sizes.values()) / 1e6
    say(f"fetching {len(sizes)} packages, {total_mb:.0f} MB")
    folder = apt.work / "archives"
    process = apt.start("download", *sizes)
    while True:
        try:
            output, _ = process.communicate(timeout=3)
            break
        except subprocess.TimeoutExpired:
            done_mb = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
            say(f"  {done_mb:.0f} of {total_mb:.0f} MB")
    if process.returncode:
        raise _apt_failed(output)
    return sorted(folder.glob("*.deb"))


def _apt_failed(output: str) -> SetupError:
    complaints = [line[3:].strip() for line in output.splitlines() if line.startswith("E: ")]
    reason = complaints[0] if complaints else "apt-get failed without saying why"
    return SetupError(
        f"Debian's packages cannot be fetched: {reason.rstrip('.')}",
        "Check the network, the disk and apt's settings, or name a mirror in ALLO_DEBIAN_MIRROR.",
    )


def _unpack(archives: list[Path], tree: Path, say: Say) -> None:
    """Unpack the archives into `tree`, two at a time, deleting each archive once unpacked."""

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
    """Clear set-user-id and set-group-id bits: nothing here may run with root's rights."""
    for path in tree.rglob("*"):
        mode = path.lstat().st_mode
        if mode & 0o6000 and path.is_file() and not path.is_symlink():
            path.chmod(mode & 0o1777)
