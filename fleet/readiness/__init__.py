"""The daily check of a vehicle before it works: what the system knows, what a person has looked at."""
