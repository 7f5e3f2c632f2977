"""An order that joins a delivery run under way: which run, at which place in it, the claim, its answer."""
