"""Merchants, residents and remote operators: each over the public API, with a session of their own."""
