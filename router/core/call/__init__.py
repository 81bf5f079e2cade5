"""The life of a call: a caller's way to an informateur, the conversation, and its end."""
