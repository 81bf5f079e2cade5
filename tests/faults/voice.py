"""The sound of one telephone: who speaks and what is played is known by the bytes of each frame.

Nothing is transcoded on the way, so everybody's voice is a tone of which the first bytes of each
frame are their own.
"""

import asyncio
from collections.abc import Callable

from router.demo.sound import AGENT_HZ, ALAW, CALLER_HZ
from tests.contract.rtp import ALAW_PT, SILENCE, Address, Rtp
from tests.faults.history import Did
from tests.faults.notebook import Notebook
from tests.real.prompts import Repertoire

_FRAME_S = 0.02
#: Quiet for longer than this is silence: no prompt pauses as long.
_PAUSE_S = 0.4
#: How somebody sounds who was called back.
SOMEBODY = "somebody"
#: How a sound is called that several prompts have.
_UNCLEAR = "sound"
_QUIET = frozenset(b"\xd5\x55\xd4\x54")
_MARK = 8


class Voices:
    """Everybody's voice, and the one task in which all of them speak."""

    def __init__(self, notebook: Notebook, prompts: Repertoire) -> None:
        self.notebook = notebook
        self.prompts = prompts
        #: Whose frame it is.
        self.whose: dict[bytes, str] = {ALAW.tone(CALLER_HZ)[0]: SOMEBODY}
        self._speaking: dict[Voice, bytes] = {}

    def of(self, who: str, *, works_here: bool) -> "Voice":
        """Return a voice; those who work here and those who call have tones of their own."""
        tone = ALAW.tone(AGENT_HZ if works_here else CALLER_HZ)[0]
        mark = (len(self.whose) + 1).to_bytes(_MARK // 2, "big")
        # Not of quiet bytes, lest a mark be all that differs from silence.
        says = b"".join(bytes([0x20 | byte >> 4, 0x20 | byte & 15]) for byte in mark) + tone[_MARK:]
        self.whose[says] = who
        return Voice(self, who, says)

    def begin(self, voice: "Voice", says: bytes) -> None:
        self._speaking[voice] = says

    def stop(self, voice: "Voice") -> None:
        self._speaking.pop(voice, None)

    async def speak(self) -> None:
        """Send a frame of everybody's every 20 ms; run as a task."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due = max(due, loop.time() - _FRAME_S) + _FRAME_S  # after a stall, no burst
            await asyncio.sleep(max(0.0, due - loop.time()))
            for voice, says in tuple(self._speaking.items()):
                voice.speak(says)
                voice.notice_silence()


class Voice(Rtp):
    """One person's ear and mouth at one telephone."""

    def __init__(self, voices: Voices, who: str, says: bytes) -> None:
        super().__init__()
        self.who = who
        #: What is heard now; "" for silence, or nothing at all.
        self.hears = ""
        self._voices = voices
        self._notebook = voices.notebook
        self._says = says
        self._loud_at = 0.0
        self._in_a_call = False
        #: Called with each new thing that is heard.
        self.listener: Callable[[str], None] = lambda _: None

    def call_begins(self) -> None:
        """Speak and listen from now on."""
        self._in_a_call, self.hears = True, ""
        self._voices.begin(self, self._says)

    def call_ends(self) -> None:
        """Neither speak nor listen."""
        self._in_a_call, self.hears = False, ""
        self._voices.stop(self)

    def send(self, payload_type: int, payload: bytes, marker: bool = False) -> None:
        """Send one packet, unless the call is over."""
        if self._in_a_call:
            super().send(payload_type, payload, marker)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        payload = data[12:]
        if not self._in_a_call or data[1] & 0x7F != ALAW_PT or payload == SILENCE:
            return
        if _QUIET.issuperset(payload):
            return
        self._loud_at = self._notebook.now()
        name = self._voices.whose.get(payload)
        if name is None:
            found = self._voices.prompts.find(payload)
            name = (self.hears or _UNCLEAR) if found is None else found[0]
        if name != self.hears:
            self._now_hears(name, self._loud_at)

    def notice_silence(self) -> None:
        """Note it if nothing has been heard for a while."""
        if self.hears and self._notebook.now() - self._loud_at > _PAUSE_S:
            self._now_hears("", self._loud_at)

    def _now_hears(self, name: str, at: float) -> None:
        self.hears = name
        self._notebook.note(self.who, Did.HEARS, name, at)
        self.listener(name)
