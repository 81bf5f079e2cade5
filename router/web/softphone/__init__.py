"""The phone in an informateur's browser, as far as the router has a part in it.

gate       which SIP may pass from a browser to Asterisk
line       one websocket, joined to Asterisk's, whose page is asked whether it is there
handlers   the account that a page is given, and the address of the websocket
"""
