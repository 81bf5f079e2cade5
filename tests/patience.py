"""How long tests wait for something that should happen."""

#: In seconds. Only a failing test waits this long; on a busy machine a few seconds are usual.
PATIENCE_S = 45.0
