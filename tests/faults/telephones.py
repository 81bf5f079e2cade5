"""A telephone that notes what happens to it: a caller's, or an informateur's."""

import asyncio
import itertools
from contextlib import suppress

from tests.contract.sip_message import SipMessage
from tests.contract.sip_phone import SipPhone
from tests.faults.history import Did
from tests.faults.notebook import Notebook
from tests.faults.voice import Voice

_ids = itertools.count(1)
#: How long Asterisk may take to answer a request before the person gives up.
_ANSWER_S = 8.0


class Telephone(SipPhone):
    """One phone of one person. `gone` is set when its call is over."""

    def __init__(
        self, notebook: Notebook, voice: Voice, user: str, password: str, server: tuple[str, int]
    ) -> None:
        super().__init__(user, password, server)
        self.rtp = self.voice = voice
        self.who = voice.who
        self.gone = asyncio.Event()
        self.gone.set()
        #: The name of the call in the history.
        self.call_name = ""
        self._notebook = notebook
        self._deaf = False

    @property
    def in_a_call(self) -> bool:
        """Whether it rings or has a call."""
        return not self.gone.is_set()

    async def dial(self, number: str) -> bool:
        """Call; return whether somebody answers."""
        self.gone.clear()
        self._notebook.note(self.who, Did.DIALLED)
        try:
            async with asyncio.timeout(_ANSWER_S):
                await self.call(number)
        except TimeoutError:
            return self._turned_away("no answer")
        if self.failed_status:
            return self._turned_away(str(self.failed_status))
        self._notebook.note(self.who, Did.ANSWERED)
        self.voice.call_begins()
        return True

    def pick_up(self) -> None:
        """Answer the call that rings."""
        self._notebook.note(self.who, Did.PICKED_UP, self.call_name)
        self.voice.call_begins()
        self.answer()

    def type_keys(self, keys: str) -> None:
        self._notebook.note(self.who, Did.PRESSED, keys)
        self.press(keys)

    async def leave(self) -> None:
        """Hang up."""
        if self.in_a_call and self.dialog is not None:
            self._over(Did.HUNG_UP)
            with suppress(TimeoutError):
                async with asyncio.timeout(_ANSWER_S):
                    await self.hang_up()

    def vanish(self) -> None:
        """Lose the network: nothing is heard of this phone any more. It cannot come back."""
        self._deaf = True
        self._over(Did.VANISHED)

    def cut(self) -> None:
        """Notice that the other end is gone, as a person does after a while."""
        if self.in_a_call:
            self.dialog = None
            self._over(Did.WAS_HUNG_UP if self.answered.is_set() else Did.STOPPED_RINGING)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if not self._deaf:
            super().datagram_received(data, addr)

    def _on_invite(self, message: SipMessage) -> None:
        ours = self.dialog is not None and self.dialog.call_id == message.first("call-id")
        if ours:
            super()._on_invite(message)
            return
        name = f"call {next(_ids)}"
        self._notebook.note(self.who, Did.RANG, name)
        if self.in_a_call:
            self._notebook.note(self.who, Did.STOPPED_RINGING, name)
            self._reply(message, 486)
            return
        self.call_name = name
        self.answered.clear()
        self.gone.clear()
        super()._on_invite(message)

    def _on_cancel(self, message: SipMessage) -> None:
        super()._on_cancel(message)
        self._over(Did.STOPPED_RINGING)

    def _on_bye(self, message: SipMessage) -> None:
        if self.in_a_call:
            self._over(Did.WAS_HUNG_UP)
        super()._on_bye(message)

    def _turned_away(self, how: str) -> bool:
        self._notebook.note(self.who, Did.TURNED_AWAY, how)
        self.dialog = None
        self.gone.set()
        return False

    def _over(self, how: Did) -> None:
        self.voice.call_ends()
        self._notebook.note(self.who, how, self.call_name)
        self.ringing.clear()
        self.gone.set()
