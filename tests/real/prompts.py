"""Short prompts for quick calls, and an ear that recognises them.

Prompts reach a caller without transcoding, so a frame of RTP holds the very bytes of 20 ms
of a file. A frame that is in one file only says what is being played.
"""

import asyncio
import shutil
from functools import cache
from pathlib import Path

import numpy as np

from router.demo.sound import ALAW, Codec, Person
from tests.patience import PATIENCE_S

_FRAME = 160
_SHORT_FRAMES = 20
#: In A-law; as many frames as no pause between words has.
_SILENCE = b"\xd5" * _FRAME
_SILENCE_FRAMES = 20
#: What people in these tests may sound like.
TONES_HZ = (900, 1000, 1100, 1300, 1400, 1500)
#: Long enough to do something in the middle of them, on a busy machine too.
_LONG = {"goodbye": 40, "page-price": 40, "whisper-call": 30}
_SUFFIXES = {8: ".alaw", 9: ".g722"}


def shorten(prompts: Path, folder: Path) -> None:
    """Copy every prompt, cut to 0.4 s (some to 0.8 s) from the middle of its speech."""
    folder.mkdir()
    for path in prompts.iterdir():
        if path.suffix not in (".alaw", ".g722"):
            continue
        sound = path.read_bytes()
        frames = _LONG.get(path.stem, _SHORT_FRAMES)
        first = max(0, len(sound) // _FRAME - frames) // 2
        cut = sound[first * _FRAME : (first + frames) * _FRAME]
        cut = cut[: len(cut) // _FRAME * _FRAME]
        repeated = (cut * (frames * _FRAME // len(cut) + 1))[: frames * _FRAME]
        (folder / path.name).write_bytes(repeated)
    shutil.copystat(prompts, folder)


class Repertoire:
    """Every file of a codec, by the frames that no other file has."""

    def __init__(self, codec: Codec, *folders: Path) -> None:
        #: What a frame is part of, and where in it; None: of several things.
        self._names: dict[bytes, tuple[str, int] | None] = {}
        seen: set[bytes] = set()
        for folder in folders:
            for path in sorted(folder.glob("*" + _SUFFIXES[codec.payload])):
                name = "music" if folder.name == "music" else path.stem
                sound = path.read_bytes()
                if sound in seen:  # "number-7" is "day-7"
                    continue
                seen.add(sound)
                for start in range(0, len(sound) - _FRAME + 1, _FRAME):
                    at = 0 if name == "music" else start
                    frame = sound[start : start + _FRAME]
                    if self._names.setdefault(frame, (name, at)) != (name, at):
                        self._names[frame] = None

    def learn_tones(self, codec: Codec) -> None:
        for hertz in TONES_HZ:
            for frame in codec.tone(hertz):
                self._names[frame] = (f"{hertz} Hz", 0)

    def find(self, frame: bytes) -> tuple[str, int] | None:
        """Return what this frame is part of and at which byte, if that is certain."""
        return self._names.get(frame)

    def known(self) -> set[str]:
        """Return the names of all that can be recognised."""
        return {found[0] for found in self._names.values() if found is not None}


@cache
def repertoire(codec: Codec, prompts: Path, music: Path) -> Repertoire:
    """Return all that callers may hear, music as "music" and simulated people as "1000 Hz"."""
    known = Repertoire(codec, prompts, music)
    known.learn_tones(codec)
    return known


class Ear(Person):
    """A person who recognises everything that may be played."""

    def __init__(
        self,
        says_hz: int,
        listens_for_hz: int,
        repertoire: Repertoire | None = None,
        codec: Codec = ALAW,
    ) -> None:
        super().__init__(says_hz, listens_for_hz, codec)
        self._repertoire = repertoire
        self._payload = codec.payload
        #: What was heard, in order.
        self.heard: list[str] = []
        self._read = 0
        self._at = 0
        #: What was heard last before each silence that was sent; no packets at all is not silence.
        self.silence_after: list[str] = []
        self._silent = 0

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        super().datagram_received(data, addr)
        if self._repertoire is None or data[1] & 0x7F != self._payload:
            return
        self._silent = self._silent + 1 if data[12:] == _SILENCE else 0
        if self._silent == _SILENCE_FRAMES:
            self.silence_after += self.heard[-1:]
        found = self._repertoire.find(data[12:])
        if found is not None:
            name, at = found
            if not self.heard or self.heard[-1] != name or at < self._at:
                self.heard.append(name)
            self._at = at

    def share_of(self, hertz: int) -> float:
        """Return the share of what was heard in the last half second at this frequency."""
        if not self._window:
            return 0.0
        samples = np.concatenate(self._window)
        energy = float(np.sum(samples * samples))
        angles = 2 * np.pi * hertz * np.arange(len(samples)) / 8000
        amplitude = abs(np.sum(samples * np.exp(-1j * angles)))
        return float(2 * amplitude**2 / (len(samples) * energy)) if energy else 0.0

    async def hears_among(self, *tones_hz: int, limit_s: float = PATIENCE_S) -> None:
        """Wait until exactly these of the tones of the tests are heard at once."""
        shares: dict[int, float] = {}
        try:
            async with asyncio.timeout(limit_s):
                while {hertz for hertz, share in shares.items() if share > 0.1} != set(tones_hz):
                    await asyncio.sleep(0.1)
                    shares = {hertz: self.share_of(hertz) for hertz in TONES_HZ}
        except TimeoutError:
            raise AssertionError(f"wanted {tones_hz}, heard {shares}") from None

    def listen_anew(self) -> None:
        """Forget what was heard: a sound that continues counts as heard again."""
        self.heard.clear()
        self._read = 0

    async def hears_silence_after(self, name: str, limit_s: float = PATIENCE_S) -> None:
        """Wait until silence has been sent after `name`."""
        try:
            async with asyncio.timeout(limit_s):
                while name not in self.silence_after:
                    await asyncio.sleep(0.01)
        except TimeoutError:
            after = " ".join(self.silence_after)
            raise AssertionError(f"no silence after {name}; after: {after}") from None

    async def hears(self, *names: str, limit_s: float = PATIENCE_S) -> None:
        """Wait until all of these were heard in this order, others between them or not.

        Each call continues where the previous one found its last name.
        """
        for name in names:
            try:
                async with asyncio.timeout(limit_s):
                    while name not in self.heard[self._read :]:
                        await asyncio.sleep(0.01)
            except TimeoutError:
                heard = " ".join(self.heard[self._read :])
                raise AssertionError(f"not heard: {name}; heard: {heard}") from None
            self._read = self.heard.index(name, self._read) + 1
