"""The router's side of Asterisk's REST interface (ARI).

    asterisk_link   what the service uses: commands in, events out, reconnection inside
    client          one websocket, one pool of HTTP connections   messages  what goes over them
    to_events       messages -> events (pure)      keys      which keys were really pressed
    to_requests     commands -> requests (pure)    causes    why a channel ended
    underway        what both know of what is going on    naming  what is written in Asterisk
    performer       sends requests, in order within a call, and reports refusals    orders
    subscription, holdings, resync    after a (re)connection: ask for events, look, compare

docs.asterisk.org, "Asterisk REST Interface (ARI)"; measured on Asterisk 22.10.1.
"""
