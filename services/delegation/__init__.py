"""Somebody else collects: a delegate with a pickup code of her own."""
