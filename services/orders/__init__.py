"""The customer's promise: a delivery order from placing to hand-over, one file per verb."""
