"""The vehicle link's codec: every byte of docs/wire-protocol.md, on msgspec and numpy alone.

``frame`` puts sections into frames and takes them apart, ``positions`` and ``status`` are the two section
types, ``messages`` are the JSON messages, ``commands`` and ``reports`` their bodies. A vehicle, a maker's
cloud and the simulator can use this package alone.
"""
