"""allo: a telephone service that serves the public, on Asterisk, without knowing who calls."""

__version__ = "0.1.0"
