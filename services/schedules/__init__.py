"""Schedules: a calendar whose every occurrence happens exactly once, whatever it starts."""
