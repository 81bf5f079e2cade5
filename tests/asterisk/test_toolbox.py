"""How programs are started: the system's, those of a private tree, and the real ones."""

import os
import subprocess
from pathlib import Path

import pytest

from router.asterisk.install import ensure_toolbox
from router.asterisk.programs import REQUIREMENTS
from router.asterisk.toolbox import missing_modules
from router.errors import SetupError
from tests.asterisk.host import SAYS, Host, write_tool

TOP = Path(__file__).parents[2]


def test_the_systems_asterisk_is_used_if_it_is_recent_enough(host: Host) -> None:
    for program in SAYS:
        write_tool(host.bin, program)

    toolbox = host.ensure()

    assert toolbox.root is None
    assert toolbox.asterisk_version == "22.11.0"
    assert toolbox.command("asterisk") == [str(host.bin / "asterisk")]
    assert toolbox.environment("espeak-ng") == {}
    assert host.calls() == []


def test_the_private_program_is_preferred(host: Host) -> None:
    host.ensure()
    write_tool(host.bin, "sipp", "3.9.0")

    assert host.ensure().command("sipp")[-1].startswith(str(host.home))


def test_an_unknown_program(host: Host) -> None:
    with pytest.raises(SetupError, match="nonesuch is not installed"):
        host.ensure().command("nonesuch")


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
        assert done.returncode == (99 if name == "sipp" else 0), done.stderr  # as `sipp -v` exits
        return done.stdout

    for name, required in REQUIREMENTS.items():
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
