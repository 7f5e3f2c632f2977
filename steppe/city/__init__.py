"""A city from a folder of data: read and check it, make its roads and places, load it."""
