"""Sweeping: plans that cover zones and streets, runs along them, and the ledger of what was really swept."""
