"""Sales at the door: goods are reserved, the slot opens, what was taken is sold and paid."""
