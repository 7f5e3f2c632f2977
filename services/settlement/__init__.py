"""Whose money is whose: a ledger of double entries in fen, payments, statements, claims."""
