"""A day of the city, rehearsed faster than it comes: real processes, simulated vehicles and people."""
