"""Calls: a resident asks for a vending vehicle, neighbours' calls become one stop, a vehicle comes."""
