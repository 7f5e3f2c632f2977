"""The topics of the live feed that staff follow: the same items that the GETs give."""
