"""Where every vehicle is now: the stream's records, the tracker, its steps, state and rooms."""
