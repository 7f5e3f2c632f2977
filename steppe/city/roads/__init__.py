"""Roads of a town: generated from a seed or imported from OpenStreetMap, one form for both."""
