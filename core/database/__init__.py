"""SQL: where facts live. SQLite in WAL mode or PostgreSQL, one metadata, one unit of work."""

from core.database.engine import Database, Transaction
from core.database.statements import CompareAndSet, insert_new
from core.database.tables import metadata

__all__ = ["CompareAndSet", "Database", "Transaction", "insert_new", "metadata"]
