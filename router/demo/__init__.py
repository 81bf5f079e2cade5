"""The whole service on one machine, loopback only, with simulated people at both ends."""
