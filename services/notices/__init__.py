"""Telling people something outside the pages: by which channel, when, at what cost, and whether it reached
them."""
