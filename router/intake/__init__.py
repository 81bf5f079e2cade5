"""The intake: the only process that ever holds a phone number, recycled so that none stays.

__main__.py     the process: shut in, wired, served, drained
supervisor.py   in the router: starts it, replaces it, and answers it
channel.py      what the two say to each other
reception.py    a request: number, limits, vault, ticket
interface.py    /v1/callbacks…
pages.py        /rappel, written by rappel.py with page_words.py and page_style.py
proxy.py        all other addresses are the router's   machines.py  some are for machines only
dialling.py     the vault's number to Asterisk
keypad.py       the number typed by a caller (pure)    digits.py  keypad.py at work
"""
