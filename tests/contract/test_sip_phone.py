"""The telephones of the contract tests themselves."""

import asyncio

from tests.contract.sip_phone import SipPhone


async def test_a_telephone_put_away_says_nothing_and_stops_nobody() -> None:
    phone = await SipPhone("nobody", "", ("127.0.0.1", 9)).open()
    phone.close()
    await asyncio.sleep(0)  # the loop closes its sockets
    before = phone.rtp.stamp
    phone.rtp.speak()
    assert phone.rtp.stamp == before + 160
