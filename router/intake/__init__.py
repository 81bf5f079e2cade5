"""The intake: the only process that ever holds a phone number, recycled so that none stays.

__main__.py     the process: shut in, wired, served, drained
supervisor.py   in the router: what the service asks of it, and what it says in turn
succession.py   its processes, each followed by the next   child.py  one of them
ledger.py       what the router knows of tickets for its sake, without a number
channel.py      what the two say to each other
reception.py    a request: number, limits, vault, ticket
interface.py    /v1/callbacks…
pages.py        /rappel, written by rappel.py with page_words.py and page_style.py
proxy.py        all other addresses are the router's   machines.py  some are for machines only
dialling.py     the vault's number to Asterisk
keypad.py       the number typed by a caller (pure)    digits.py  keypad.py at work
"""
