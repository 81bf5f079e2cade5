"""Changes to informateurs and secrets: both files as wholes, or neither.

Comments and order stay as their owner wrote them. The files are written beside the old ones, the
whole configuration is read with them in place, and only if it is right do they replace the old.
"""

import fcntl
import os
import shutil
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Table

from router import places
from router.config.files import Config, Faulty
from router.config.reference import in_toml
from router.config.settings import SHIPPED, Settings, read_settings
from router.config.tables import Report, read_toml
from router.errors import ConfigError, InUse, Problem

#: Reads the configuration, some files of which are elsewhere: see `files.read_all`.
Reading = Callable[[Mapping[Path, Path]], Config | Faulty]

_BUSY = "Wait for that command to end, then try again."


@dataclass(slots=True)
class Edited:
    """The two files, to be changed in memory. Nothing of the secrets is shown."""

    #: The settings file, and what it says.
    config: Path
    settings: Settings
    agents: tomlkit.TOMLDocument
    secrets: tomlkit.TOMLDocument = field(repr=False)
    #: What they were, by file.
    _before: Mapping[Path, str] = field(repr=False)

    @property
    def secrets_path(self) -> Path:
        """Return the file of the secrets."""
        assert self.settings.secrets is not None, "a settings file has secrets"
        return self.settings.secrets

    def changes(self) -> list[str]:
        """Return what is otherwise now, one line each: of secrets their names, never values."""
        lines = []
        for path, text in self._texts().items():
            before, after = tomllib.loads(self._before[path]), tomllib.loads(text)
            old, new = dict(_entries(before)), dict(_entries(after))
            for key in sorted(old.keys() | new.keys()):
                if old.get(key) == new.get(key):
                    continue
                sign = "+" if key not in old else "-" if key not in new else "~"
                is_shown = path == self.settings.agents and key in new
                shown = f" = {in_toml(new[key])}" if is_shown else ""
                lines.append(f"{sign} {path.name}: {key}{shown}")
        return lines

    def save(self, read: Reading, *, dry_run: bool = False) -> Config:
        """Check the whole configuration with the changes; unless `dry_run`, make them.

        `read` reads the configuration with some files in place of others.

        Returns:
            The configuration with the changes.

        Raises:
            ConfigError: With every fault; nothing is changed then.
            DiskError: If a file cannot be written; nothing is changed then.
        """
        staged: dict[Path, Path] = {}
        folders: list[Path] = []
        try:
            for path, text in self._texts().items():
                with places.writing(path):
                    folder = Path(tempfile.mkdtemp(prefix=".allo-", dir=path.resolve().parent))
                    folders.append(folder)
                    staged[path] = folder / path.name
                    _write_like(path, staged[path], text)
                    _write_like(path, _before(staged[path]), self._before[path])
            found = read(staged)
            if isinstance(found, Faulty):
                raise ConfigError(found.problems)
            if not dry_run:
                self._replace(staged)
            return replace(found, settings=self.settings)
        finally:
            for folder in folders:
                shutil.rmtree(folder, ignore_errors=True)

    def _texts(self) -> dict[Path, str]:
        """Return the files that have changed, secrets first."""
        texts = {
            self.secrets_path: tomlkit.dumps(self.secrets),
            self.settings.agents: tomlkit.dumps(self.agents),
        }
        return {
            path: text.rstrip("\n") + "\n"  # a table that goes leaves the blank line before it
            for path, text in texts.items()
            if text != self._before[path]
        }

    def _replace(self, staged: Mapping[Path, Path]) -> None:
        done: list[Path] = []
        try:
            for path, new in staged.items():
                with places.writing(path):
                    os.replace(new, path.resolve())
                done.append(path)
        except BaseException:
            for path in done:
                with suppress(OSError):
                    os.replace(_before(staged[path]), path.resolve())
            raise
        for path in staged:
            _settle(path.resolve().parent)


@contextmanager
def editing(config: Path) -> Iterator[Edited]:
    """Give the files of the deployment with the settings `config`; nobody else edits meanwhile.

    Raises:
        ConfigError: If a file cannot be read.
        InUse: If another command is just changing them.
    """
    report = Report(config.name)
    settings = read_settings(config, report)
    if settings is None or report.problems:
        raise ConfigError(report.problems)
    assert settings.secrets is not None, "a settings file has secrets"
    if settings.agents.is_relative_to(SHIPPED):
        reason = "is missing: informateurs that can be changed need a file of their own"
        raise ConfigError([Problem(f"{config.name}: agents", reason)])
    with _alone(settings.secrets):
        texts = {path: _text(path) for path in (settings.agents, settings.secrets)}
        documents = {path: _document(path, text) for path, text in texts.items()}
        yield Edited(
            config, settings, documents[settings.agents], documents[settings.secrets], texts
        )


def with_line(document: tomlkit.TOMLDocument, key: str, value: Any) -> tomlkit.TOMLDocument:
    """Return the document with one more key outside of all tables, below the last one."""
    lines = tomlkit.dumps(document).splitlines()
    below = next((at for at, line in enumerate(lines) if line.startswith("[")), len(lines))
    at = below
    while at and not lines[at - 1].partition("#")[0].strip():
        at -= 1  # comments and blank lines belong to what comes next
    lines.insert(at or below, f"{key} = {in_toml(value)}")
    return tomlkit.parse("\n".join(lines) + "\n")


def put(document: tomlkit.TOMLDocument, table: str, key: str, value: Any) -> None:
    """Set a key of a table, which is added at the end if it is missing.

    A new key goes below the last one: comments that stand before the next table stay there.
    """
    if table not in document:
        document.add(tomlkit.nl())
        document.add(table, tomlkit.table())
    holder: Any = document[table]
    written = tomlkit.value(in_toml(value)) if isinstance(value, dict) else value
    if key in holder or not isinstance(holder, Table):
        holder[key] = written
        return
    body: list[tuple[Any, Any]] = holder.value.body
    after = []
    while body and body[-1][0] is None:
        after.append(body.pop()[1])
    holder.append(key, written)
    for item in reversed(after):
        holder.add(item)


def drop(document: tomlkit.TOMLDocument, table: str, key: str) -> None:
    """Remove a key of a table, if it is there; the table goes with its last key."""
    holder: Any = document.get(table, {})
    if key in holder:
        del holder[key]
        if not holder:
            del document[table]


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the folder of a file, so that two commands do not undo each other's changes."""
    folder = path.resolve().parent
    try:
        held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise ConfigError([Problem(str(folder), places.unreadable(error))]) from None
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InUse(str(folder), "another ./allo command", _BUSY) from None
        yield
    finally:
        os.close(held)


def _text(path: Path) -> str:
    report = Report(path.name)
    if read_toml(path, report) is None:
        raise ConfigError(report.problems)
    return path.read_text(encoding="utf-8")


def _document(path: Path, text: str) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(text)
    except TOMLKitError as error:
        raise ConfigError([Problem(path.name, f"is not valid TOML: {error}")]) from None


def _write_like(model: Path, path: Path, text: str) -> None:
    """Write a file that belongs to whom `model` belongs to, as readable as that."""
    there = model.stat()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        if (there.st_uid, there.st_gid) != (os.geteuid(), os.fstat(handle).st_gid):
            os.fchown(handle, there.st_uid, there.st_gid)
        os.fchmod(handle, there.st_mode & 0o7777)
        os.fsync(handle)


def _before(staged: Path) -> Path:
    """Return where the old content waits, in case the next file cannot be replaced."""
    return staged.with_name("before")


def _settle(folder: Path) -> None:
    """Have the new names on disk."""
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(held)
    finally:
        os.close(held)


def _entries(content: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield what can come and go, by its key: an informateur's line is one thing."""
    for key, value in content.items():
        if isinstance(value, dict) and not key.isdigit():
            yield from ((f"{key}.{name}", one) for name, one in value.items())
        else:
            yield key, value
