"""A folder that becomes a system, and a checkout small enough to be laid in it again and again."""

from pathlib import Path

from router import places
from router.asterisk.toolbox import Toolbox
from router.deploy import installing
from router.deploy.defaults import Values
from router.deploy.installing import Job
from router.deploy.layout import Ground
from router.deploy.program import Source

_FEW = ("router", "asterisk-conf", "prompts", "deploy", "docs")


class Image:
    """Lays the program below `folder`: all that is ours, and little of what others make."""

    def __init__(self, folder: Path) -> None:
        self.ground = Ground(folder / "image")
        self.ground.root.mkdir()
        top = folder / "checkout"
        top.mkdir()
        for name in _FEW:
            (top / name).symlink_to(places.TOP / name)
        (top / "LICENSE").write_text("EUPL")
        self.asterisk, self.packages = folder / "tree", folder / "packages"
        audio = folder / "audio"
        for made in (self.asterisk, self.packages, audio):
            made.mkdir()
            (made / "one.txt").write_text("one")
        toolbox = Toolbox(self.asterisk, "22.10.1", Path(), Path())
        self.source = Source(top, toolbox, audio, self.packages)
        self.said: list[str] = []

    def planned(self, values: Values | None = None, found: Values | None = None) -> Job:
        values = values or {}
        return installing.planned(self.ground, self.source, values, found or values)

    def install(self, values: Values | None = None, found: Values | None = None) -> list[str]:
        """Lay it; return what was said."""
        self.said.clear()
        installing.carry_out(self.planned(values, found), self.said.append)
        return self.said

    def at(self, path: str) -> Path:
        return self.ground.root / path.lstrip("/")

    def text(self, path: str) -> str:
        return self.at(path).read_text(encoding="utf-8")

    def files(self) -> dict[str, tuple[int, int]]:
        """Return every file with its mode and the time of its last change."""
        found = {}
        for path in sorted(self.ground.root.rglob("*")):
            is_compiled = "__pycache__" in path.parts
            if not is_compiled and not path.is_dir():
                its = path.lstat()
                found[str(path)] = (its.st_mode, its.st_mtime_ns)
        return found
