"""How long tests wait for what should come."""

#: In seconds. Only a test that fails waits so long; a busy machine takes a few.
PATIENCE_S = 45.0
