"""Personal data: encrypted at rest, found by a blind index, masked on screens, revealed on record."""
