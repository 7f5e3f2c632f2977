"""Runs: one vehicle carries several orders. What is asked, how it is judged, and who solves it."""
