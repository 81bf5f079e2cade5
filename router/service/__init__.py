"""The running service: its parts, made and run together.

service     the composition root: every part in order, run, taken down; commands to the parts
live        the engine on the real clock: events in, commands and answers out
promises    what the intake asks of tickets       callbacks   what the engine orders of them
records     steps, facts, sessions, a recording   pages       what HTTP may see and ask
readiness   whether a call can come in and reach a phone, part by part
"""
