"""Fences and vehicles together: what a version would do to them, and what they hold."""
