"""Synthetic vehicles and people that speak the public protocols only."""
