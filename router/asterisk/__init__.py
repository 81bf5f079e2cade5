"""The Asterisk beside the router: found or installed, configured and started."""
