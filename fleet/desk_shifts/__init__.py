"""Shifts at the desks of dispatchers and duty officers: who sits there, and what is handed over."""
