"""Who did what to which thing and why: appended with the fact, chained and signed afterwards."""

from core.audit.recording import record

__all__ = ["record"]
