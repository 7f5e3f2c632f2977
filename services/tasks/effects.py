"""What the progress of a task means for whatever it carries; each task kind plugs in its own."""

from datetime import datetime
from typing import Protocol

from core.database import Transaction
from services.tasks.task import Stop, Task


class TaskEffects(Protocol):
    """Called in the transaction that moves the task, after it moved. ``at`` is when it happened, city
    time."""

    async def started(self, tx: Transaction, task: Task, at: datetime, /) -> None:
        """The vehicle took the plan."""
        ...

    async def stop_reached(self, tx: Transaction, task: Task, stop: Stop, at: datetime, /) -> None:
        """The vehicle stands at a stop."""
        ...

    async def stop_left(self, tx: Transaction, task: Task, stop: Stop, at: datetime, /) -> None:
        """The vehicle drives on, whatever was done there."""
        ...

    async def is_settled(self, tx: Transaction, task: Task, /) -> bool:
        """Return whether nothing of the task is left on board; asked when the vehicle says it is done."""
        ...

    async def finished(self, tx: Transaction, task: Task, at: datetime, /) -> None:
        """The task ended well; its vehicle is free."""
        ...

    async def lost(self, tx: Transaction, task: Task, cause: str, at: datetime, /) -> bool:
        """The vehicle cannot go on; return whether a person must come because something is on board."""
        ...

    async def helped(self, tx: Transaction, task: Task, at: datetime, /) -> None:
        """A lost vehicle goes on with its plan."""
        ...


class NothingOnBoard:
    """Effects of tasks that carry nothing: rounds, charging."""

    async def started(self, _tx: Transaction, _task: Task, _at: datetime, /) -> None:
        """Change nothing."""

    async def stop_reached(self, _tx: Transaction, _task: Task, _stop: Stop, _at: datetime, /) -> None:
        """Change nothing."""

    async def stop_left(self, _tx: Transaction, _task: Task, _stop: Stop, _at: datetime, /) -> None:
        """Change nothing."""

    async def is_settled(self, _tx: Transaction, _task: Task, /) -> bool:
        """Return True: there is nothing to settle."""
        return True

    async def finished(self, _tx: Transaction, _task: Task, _at: datetime, /) -> None:
        """Change nothing."""

    async def lost(self, _tx: Transaction, _task: Task, _cause: str, _at: datetime, /) -> bool:
        """Return False: nobody has to fetch anything out of the vehicle."""
        return False

    async def helped(self, _tx: Transaction, _task: Task, _at: datetime, /) -> None:
        """Change nothing."""
