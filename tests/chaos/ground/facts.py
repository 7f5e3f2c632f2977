"""The smallest city: a fact that somebody must act on once."""

from sqlalchemy import Column, Integer, String, Table

from core.database import metadata

facts = Table(
    "chaos_facts",
    metadata,
    Column("id", String, primary_key=True),
    Column("key", String, nullable=False),
    Column("state", String, nullable=False),
)
acts = Table(
    "chaos_acts",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("fact", String, nullable=False),
)
"""One row for each time that somebody acted on a fact."""
