"""The Asterisk beside the router: found or laid out, configured, started, asked."""
