"""The intake: the only process that ever holds a phone number, recycled so that none stays.

__main__.py     the process: shut in, wired, served, drained
supervisor.py   in the router: what the service asks of it, and what becomes of its messages
backend.py      what the service does for it
succession.py   its processes, each followed by the next   child.py  one of them
ledger.py       what the router keeps of tickets for it, without a number
channel.py      what the two say to each other
reception.py    a request: number, limits, vault, ticket
guard.py        who may ask, and failures in words
interface.py    /v1/callbacks…
pages.py        /rappel, written by rappel.py with page_words.py and page_style.py
proxy.py        all other addresses are the router's   machines.py  some are for machines only
dialling.py     the vault's number to Asterisk
keypad.py       the number typed by a caller (pure)    digits.py  keypad.py at work
"""
