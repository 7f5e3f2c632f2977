"""What the api answers to people at screens: camelCase, converted from domain Structs that may move."""
