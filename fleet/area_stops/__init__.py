"""Stopping every vehicle of a drawn area: by one person at once, released by two."""
