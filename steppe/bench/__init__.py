"""``steppe bench``: measurements with real processes that anybody can repeat."""
