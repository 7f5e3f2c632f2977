"""One simulated vehicle: how it drives, what its battery does, how it obeys. Pure: time is an argument."""
