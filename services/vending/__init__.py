"""Vending: what each vehicle carries, calls of residents, sales at the door, rounds and restocking."""
