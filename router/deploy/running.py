"""The system that was laid out, at work: what is done there, and what is asked of systemd."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from router.deploy.surroundings import systemd_runs

_ASTERISK, _ROUTER, _TARGET = "allo-asterisk.service", "allo-router.service", "allo.target"
_FALLBACK = "allo-fallback.service"
#: What is imported at each start; of the packages, most modules never are.
_AT_EACH_START = (
    "import router.cli.app, router.service.service, router.intake.__main__, router.cli.provision, "
    "router.fallback.process, "
    "router.asterisk.foreground, router.asterisk.configuration, uvloop, numpy"
)


@dataclass(frozen=True, slots=True)
class System:
    """The system at `root`. Only the one that runs (`/`) has units that can be asked for."""

    root: Path

    def compile(self, lib: Path) -> None:
        """Have Python's compiled modules written, which the service itself may not write."""
        code = f"import compileall; compileall.compile_dir('{lib}/router', quiet=2)"
        variables = [f"PYTHONPATH={lib}:{lib}/packages"]
        for words in (code, _AT_EACH_START):
            self._run("env", *variables, "/usr/bin/python3", "-P", "-c", words)

    def render_prompts(self) -> Iterator[str]:
        """Bring the audio up to date, as the service's own user; yield what is wrong."""
        done = self._run("/usr/bin/allo", "prompts")
        if done is None or done.returncode:
            reason = (done.stderr.strip().splitlines() or ["it ended"])[-1] if done else "no shell"
            yield f"The prompts are not rendered yet ({reason}): allo prompts"

    def reload_units(self) -> None:
        """Have systemd read the units again."""
        if self._is_booted:
            self._run("systemctl", "daemon-reload")

    def take_up(self, *, asterisk: bool, router: bool) -> Iterator[str]:
        """Restart what has changed and runs; yield what was done, and what is left to a person.

        The router may be restarted at any time: calls stay in Asterisk. Asterisk is restarted only
        while it carries no call.
        """
        if not self._is_booted:
            return
        if asterisk and self._is_active(_ASTERISK):
            channels = self.channels()
            if channels == 0:
                self._run("systemctl", "restart", _ASTERISK)
                yield "Asterisk was idle, and has been restarted: it changed."
            else:
                calls = "an unknown number of" if channels is None else str(channels)
                yield (
                    f"Asterisk changed, and goes on as it is with {calls} channels. After the last "
                    'call it starts anew: allo asterisk cli "core stop when convenient"'
                )
        if router and self._is_active(_ROUTER):
            wrong = self._run("/usr/bin/allo", "check")
            if wrong is None or wrong.returncode:
                yield "The router changed, and goes on as it is, for `allo check` finds this:"
                yield from (wrong.stderr if wrong else "").splitlines()
                yield "Mend it, then: systemctl restart allo-router"
                return
            if self._is_active(_FALLBACK):  # first: it looks after callers meanwhile
                self._run("systemctl", "restart", _FALLBACK)
            self._run("systemctl", "restart", _ROUTER)
            yield "The router has been restarted; calls have gone on."

    def stop(self) -> None:
        """Stop the service and have it start no more."""
        if self._is_booted:
            self._run("systemctl", "disable", "--now", _TARGET)
            self._run("systemctl", "stop", _ROUTER, _FALLBACK, _ASTERISK)

    def is_active(self) -> bool:
        """Return whether Asterisk or the router runs as a unit."""
        return self._is_booted and (self._is_active(_ASTERISK) or self._is_active(_ROUTER))

    def channels(self) -> int | None:
        """Return how many channels Asterisk has; None if it does not say."""
        done = self._run("/usr/bin/allo", "asterisk", "cli", "core", "show", "channels", "count")
        first = done.stdout.split()[:1] if done else []
        return int(first[0]) if first and first[0].isdecimal() else None

    @property
    def _is_booted(self) -> bool:
        return self.root == Path("/") and systemd_runs()

    def _is_active(self, unit: str) -> bool:
        done = self._run("systemctl", "is-active", "--quiet", unit)
        return done is not None and done.returncode == 0

    def _run(self, *words: str) -> "subprocess.CompletedProcess[str] | None":
        """Run a command in the system; None if it cannot be started there."""
        inside = [] if self.root == Path("/") else ["chroot", str(self.root)]
        variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        try:
            return subprocess.run(
                [*inside, *words],
                env=variables | {"LC_ALL": "C.UTF-8"},
                cwd="/",
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
        except OSError:
            return None
