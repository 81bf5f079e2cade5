"""The service calls itself, as the carrier would call it, to see that it answers.

The call comes in by a door of its own (asterisk-conf/pjsip_probe.conf) and is a caller's from
there on: the same mask, the same dialplan, the router. It is counted nowhere.
"""
