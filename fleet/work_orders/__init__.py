"""Work orders: what the field crew is asked to do at a vehicle, and how it went."""
