"""Which ports a demo or a rehearsal takes."""

LAST_PORT = 30
"""The ports of a demo are its first and some of the 30 that follow (steppe/simulated_city.py)."""
