"""Roaming rounds: where demand was decides which stops, a schedule decides when."""
