"""Restocking before a slot is sold out: what is missing, when it is worth a visit, who is asked."""
