"""An informateur's day: log-in, states, pauses, notes, and the desk by phone."""
