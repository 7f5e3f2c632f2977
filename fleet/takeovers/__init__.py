"""Takeover sessions: a vehicle needs a remote operator; one queue, whoever made the vehicle."""
