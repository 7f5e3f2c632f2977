"""Chargers and the visit to one when the battery is low."""
