"""The catalogue as audio files; only what has changed is rendered again.

Each prompt becomes `<id>.alaw`, `<id>.sln16` and `<id>.g722`, so that Asterisk plays it to
narrowband and wideband phones without transcoding. `manifest.json` records what each was made of. A
file gets its name only once it is complete (written under another, then renamed), and counts only
if its content is what the manifest says.
"""

import errno
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from router.core.ids import PromptId
from router.errors import Problem, VoiceError
from router.voice.catalogue import Catalogue, Prompt
from router.voice.recordings import recorded, strangers
from router.voice.synthesis import Tools, Voice, run

if TYPE_CHECKING:
    from router.voice.loudness import Sound

#: The suffixes of each prompt's files.
FORMATS = ("alaw", "sln16", "g722")
#: Raise it if the same source is to be rendered differently: everything becomes stale.
_VERSION = 2
_WORKERS = 2
#: The silence before and after, in seconds: around a sentence, and inside one.
_AROUND = (0.08, 0.15)
_INSIDE = (0.02, 0.05)

#: Called after each prompt with how many are done, out of how many, and its id.
Progress = Callable[[int, int, PromptId], None]


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a rendering did."""

    #: How many prompts there are now,
    total: int
    #: how many of them were rendered this time,
    rendered: int
    #: and how many were removed.
    removed: int
    #: The length of all prompts together.
    seconds: float


@dataclass(frozen=True, slots=True)
class _Entry:
    """One prompt of the manifest: digests of its source and audio, and its length."""

    source: str
    audio: str
    seconds: float


def render(
    catalogue: Catalogue,
    recordings: Path,
    out: Path,
    voice: Voice,
    tools: Tools,
    progress: Progress | None = None,
) -> Rendered:
    """Bring the audio in `out` up to date; a recording takes precedence over the voice.

    A second rendering into the same folder waits for the first.

    Raises:
        VoiceError: If a prompt cannot be rendered (its id, why, what to do). What has been
            rendered by then is kept and counts.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with _alone(out):
            return _Rendering(catalogue, recordings, out, voice, tools).run(progress)
    except OSError as error:
        raise _unwritable("(all)", out, error) from error


def stale(catalogue: Catalogue, recordings: Path, out: Path, voice: Voice) -> list[Problem]:
    """Return every prompt whose audio is missing or out of date, and recordings without a prompt.

    Raises:
        VoiceError: If a recording cannot be read.
    """
    manifest = _load(out)
    problems = []
    for id_, source in _sources(catalogue, recordings, voice).items():
        entry = manifest.get(id_)
        place = catalogue.place(catalogue.prompts[id_])
        if entry is None:
            problems.append(Problem(place, "no audio yet: run ./allo prompts"))
        elif entry.source != source:
            reason = "text, voice or recording changed since the audio was rendered"
            problems.append(Problem(place, f"{reason}: run ./allo prompts"))
        elif entry.audio != _audio_digest(out, id_):
            problems.append(Problem(place, "the audio is damaged or gone: run ./allo prompts"))
    return [*problems, *strangers(recordings, catalogue)]


def durations(out: Path) -> dict[PromptId, float]:
    """Return the length in seconds of every prompt rendered in `out`."""
    return {id_: entry.seconds for id_, entry in _load(out).items()}


class _Rendering:
    """One run over everything that is stale."""

    def __init__(
        self, catalogue: Catalogue, recordings: Path, out: Path, voice: Voice, tools: Tools
    ) -> None:
        self.catalogue = catalogue
        self.recordings = recorded(recordings)
        self.sources = _sources(catalogue, recordings, voice)
        self.out = out
        self.voice = voice
        self.tools = tools
        self.manifest = _load(out)

    def run(self, progress: Progress | None) -> Rendered:
        todo = [
            prompt
            for id_, prompt in self.catalogue.prompts.items()
            if (entry := self.manifest.get(id_)) is None
            or entry.source != self.sources[id_]
            or entry.audio != _audio_digest(self.out, id_)
        ]
        removed = [id_ for id_ in self.manifest if id_ not in self.catalogue.prompts]
        try:
            for id_ in removed:
                del self.manifest[id_]
                for suffix in FORMATS:
                    (self.out / f"{id_}.{suffix}").unlink(missing_ok=True)
            self._render_all(todo, progress)
        except BaseException:
            with suppress(OSError):  # the first fault is the one to report
                _save(self.out, self.manifest)
            raise
        if todo or removed:
            _save(self.out, self.manifest)
        else:
            os.utime(self.out / "manifest.json")  # as recent as the catalogue
        seconds = sum(entry.seconds for entry in self.manifest.values())
        return Rendered(len(self.manifest), len(todo), len(removed), seconds)

    def _render_all(self, todo: list[Prompt], progress: Progress | None) -> None:
        folder = self.out / ".work"
        shutil.rmtree(folder, ignore_errors=True)  # left behind by a rendering that was killed
        folder.mkdir()
        with ThreadPoolExecutor(_WORKERS) as pool:
            work = {pool.submit(self._render, prompt, folder): prompt for prompt in todo}
            try:
                for done, future in enumerate(as_completed(work), 1):
                    future.result()
                    if progress:
                        progress(done, len(work), work[future].id)
            finally:
                pool.shutdown(cancel_futures=True)
                shutil.rmtree(folder, ignore_errors=True)

    def _render(self, prompt: Prompt, folder: Path) -> None:
        try:
            source = self.recordings.get(prompt.id)
            if source is None:
                source = folder / f"{prompt.id}.wav"
                self.voice.speak(prompt.spoken, source)
            sound = self._sound(source, prompt)
            for suffix, content in sound.files.items():
                _replace(self.out / f"{prompt.id}.{suffix}", content, folder)
            (folder / f"{prompt.id}.wav").unlink(missing_ok=True)
        except VoiceError as error:
            raise VoiceError(prompt.id, error.reason) from error
        except OSError as error:
            raise _unwritable(prompt.id, self.out, error) from error
        self.manifest[prompt.id] = _Entry(
            source=self.sources[prompt.id],
            audio=_digest(*sound.files.values()),
            seconds=round(sound.seconds, 3),
        )

    def _sound(self, source: Path, prompt: Prompt) -> "Sound":
        """Return the finished sound."""
        # Here, since numpy takes long to load: a router only checks what has been rendered.
        from router.voice.loudness import finished

        # Headroom for the filters; a phone carries nothing below 100 Hz or above 7 kHz.
        effects = ("remix", "-", "gain", "-3", "highpass", "100", "rate", "-h", "16000")
        raw = run(self.tools, "sox", str(source), "-t", "f32", "-", *effects, "sinc", "-7000")
        head_s, tail_s = _INSIDE if prompt.joined else _AROUND
        sound = finished(raw, head_s, tail_s if prompt.pause_s is None else prompt.pause_s)
        if sound is None:
            origin = "the recording" if source.parent.name == "recordings" else "the voice"
            raise VoiceError("", f"{origin} is silent: {source.name}")
        return sound


def _sources(catalogue: Catalogue, recordings: Path, voice: Voice) -> dict[PromptId, str]:
    """Return a digest of what each prompt is to be made of."""
    takes = recorded(recordings)
    sources = {}
    for id_, prompt in catalogue.prompts.items():
        origin = voice.name.encode()
        if id_ in takes:
            try:
                origin = takes[id_].read_bytes()
            except OSError as error:
                reason = f"{takes[id_].name} cannot be read ({error.strerror})"
                raise VoiceError(id_, f"{reason}: check its owner and permissions") from error
        shape = f"{_VERSION} {prompt.joined} {prompt.pause_s} {prompt.spoken}"
        sources[id_] = _digest(shape.encode(), origin)
    return sources


def _audio_digest(out: Path, id_: PromptId) -> str | None:
    try:
        return _digest(*((out / f"{id_}.{suffix}").read_bytes() for suffix in FORMATS))
    except OSError:
        return None


def _digest(*contents: bytes) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for content in contents:
        digest.update(len(content).to_bytes(8, "big"))
        digest.update(content)
    return digest.hexdigest()


def _load(out: Path) -> dict[PromptId, _Entry]:
    """Return the manifest; nothing if it cannot be read: then everything is rendered again."""
    try:
        entries: Mapping[str, dict[str, object]] = json.loads((out / "manifest.json").read_text())
        return {PromptId(id_): _Entry(**entry) for id_, entry in entries.items()}  # type: ignore[arg-type]
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _save(out: Path, manifest: Mapping[PromptId, _Entry]) -> None:
    content = {id_: asdict(manifest[id_]) for id_ in sorted(manifest)}
    _replace(out / "manifest.json", json.dumps(content, indent=1).encode(), out)


def _replace(file: Path, content: bytes, folder: Path) -> None:
    """Write `file`, whole or not at all; `folder` is on the same file system."""
    beside = folder / f".{file.name}.part"
    try:
        beside.write_bytes(content)
        beside.replace(file)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def _unwritable(prompt: str, out: Path, error: OSError) -> VoiceError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    remedy = "free about 50 MB there" if full else "check who may write there"
    reason = f"cannot write to {out} ({error.strerror}): {remedy} and start again; "
    return VoiceError(prompt, f"{reason}what has been rendered already is kept")


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    with (out / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
