"""Measurements with real processes; results are kept as JSON beside the code they measured."""
