"""Who drives what: feasibility, cost, the claim, and the explanation kept with it."""
