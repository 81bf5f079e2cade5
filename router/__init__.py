"""allo: a telephone service that serves the public, on Asterisk, without knowing who calls."""
