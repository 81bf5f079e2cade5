"""The wallboard: how the service stands now, for the people who watch over it.

definitions    what each figure means
board          the state as one JSON value, made from what the engine shows
merge_patch    what differs between two of them (RFC 7396)
feed           both as one stream of events, computed once for all who watch
handlers       the addresses
"""
