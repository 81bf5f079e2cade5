"""What somebody hostile sends by SIP: a name, and a text with a few places left open."""

from dataclasses import dataclass

#: Of the session description in the RFC, and in everything here (RFC 4475, section 3.1.1.1).
SDP = """v=0
o=mhandley 29739 7272939 IN IP4 {origin}
s=-
c=IN IP4 {address}
t={time} 0
m=audio 49217 RTP/AVP 0 12
m=video 3227 RTP/AVP 31
a=rtpmap:31 LPC
"""


@dataclass(frozen=True, slots=True)
class Hostile:
    """One message. In `text`, `{door}` is where it goes, `{source}` where it comes from,
    `{number}` whoever calls, `{id}` what no other message has.
    """

    name: str
    text: bytes

    def to(self, door: str, source: str, number: str, identity: str) -> bytes:
        """Return the message as it is sent."""
        filled = {"{door}": door, "{source}": source, "{number}": number, "{id}": identity}
        data = self.text
        for place, value in filled.items():
            data = data.replace(place.encode(), value.encode())
        return data


def crlf(text: str) -> bytes:
    """Return the text with the line ends of SIP."""
    return text.replace("\n", "\r\n").encode()
