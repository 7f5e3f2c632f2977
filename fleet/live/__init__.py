"""The live feed: snapshot, then deltas, to whoever may see them."""
