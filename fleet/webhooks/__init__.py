"""Facts told to other systems: signed, retried, recorded, replayable."""
