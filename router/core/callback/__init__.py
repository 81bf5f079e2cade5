"""The life of a ticket: a callback promised, attempted, and ended."""
